import { EmbeddedActionsParser } from 'chevrotain';
import type { IToken, TokenType } from 'chevrotain';
import type {
  BackupStatement,
  ControlJobsStatement,
  DrillStatement,
  RestoreStatement,
  ShowBackupStatement,
  ShowJobsStatement,
  Statement,
  TablePattern,
  Targets,
  VerifyStatement,
} from './ast.ts';
import { nameValue, stringValue } from './literals.ts';
import { detachedOnly, refuseOptions, restoreOptions, verifyOptions } from './options.ts';
import type { ErrorAt, GivenOption } from './options.ts';
import * as t from './tokens.ts';

const INT8_MAX = 9223372036854775807n;
const LOCALITY_HINT = 'Give one backup URL; the whole backup goes there.';
const INTO_HINT = "Use BACKUP … TO 'url' and RESTORE … FROM 'url', with a URL of its own for each backup.";

/**
 * The grammar of one statement, LL(1), so that a syntax error always points at the token that can't be there.
 * Reference: CockroachDB's BACKUP, RESTORE, SHOW BACKUP, SHOW JOBS and job controls. VERIFY BACKUP and DRILL BACKUP are Holdfast's own.
 */
export class StatementParser extends EmbeddedActionsParser {
  private errorAt: ErrorAt = () => {
    throw new Error('parse() sets this');
  };

  constructor() {
    super(t.allTokens, { maxLookahead: 1, recoveryEnabled: false });
    this.performSelfAnalysis();
  }

  /**
   * Parses one statement's tokens. Undefined where the grammar does not fit: then `errors` says where.
   * What the grammar takes and Holdfast refuses is thrown, made by `errorAt`.
   */
  parse(tokens: IToken[], errorAt: ErrorAt): Statement | undefined {
    this.errorAt = errorAt;
    this.input = tokens;
    return this.statement();
  }

  private statement = this.RULE('statement', (): Statement =>
    this.OR<Statement>([
      { ALT: () => this.SUBRULE(this.backup) },
      { ALT: () => this.SUBRULE(this.restore) },
      { ALT: () => this.SUBRULE(this.verify) },
      { ALT: () => this.SUBRULE(this.drill) },
      { ALT: () => this.SUBRULE(this.show) },
      { ALT: () => this.SUBRULE(this.controlJobs) },
    ]),
  );

  private backup = this.RULE('backup', (): BackupStatement => {
    this.CONSUME(t.Backup);
    const targets = this.SUBRULE(this.targets);
    this.OPTION(() => this.refuse(t.Into, 'BACKUP … INTO', INTO_HINT));
    this.CONSUME(t.To);
    this.OPTION1(() => this.refuse(t.LeftParen, 'a backup split over several URLs', LOCALITY_HINT));
    const to = this.SUBRULE(this.string);
    let asOf: string | null = null;
    let incrementalFrom: string[] = [];
    // CockroachDB's grammar wants AS OF SYSTEM TIME first; its documentation writes it last. Both are taken.
    this.OPTION2({
      DEF: () => {
        asOf = this.SUBRULE(this.asOf);
        this.OPTION3(() => {
          incrementalFrom = this.SUBRULE(this.incrementalFrom);
        });
      },
    });
    this.OPTION4({
      GATE: () => asOf === null,
      DEF: () => {
        incrementalFrom = this.SUBRULE1(this.incrementalFrom);
        this.OPTION5(() => {
          asOf = this.SUBRULE1(this.asOf);
        });
      },
    });
    const given = this.SUBRULE(this.withOptions);
    return this.ACTION(() => ({
      kind: 'backup',
      targets,
      to,
      asOf,
      incrementalFrom,
      options: detachedOnly(given, this.errorAt),
    }));
  });

  private restore = this.RULE('restore', (): RestoreStatement => {
    this.CONSUME(t.Restore);
    const targets = this.SUBRULE(this.targets);
    this.CONSUME(t.From);
    const from = this.SUBRULE(this.chain);
    this.OPTION(() => this.refuse(t.In, 'RESTORE … FROM … IN', INTO_HINT));
    let asOf: string | null = null;
    this.OPTION1(() => {
      asOf = this.SUBRULE(this.asOf);
    });
    const given = this.SUBRULE(this.withOptions);
    return this.ACTION(() => ({
      kind: 'restore',
      targets,
      from,
      asOf,
      options: restoreOptions(given, this.errorAt),
    }));
  });

  private verify = this.RULE('verify', (): VerifyStatement => {
    this.CONSUME(t.Verify);
    this.CONSUME(t.Backup);
    const urls = this.SUBRULE(this.chain);
    const given = this.SUBRULE(this.withOptions);
    return this.ACTION(() => ({ kind: 'verify', urls, options: verifyOptions(given, this.errorAt) }));
  });

  private drill = this.RULE('drill', (): DrillStatement => {
    this.CONSUME(t.Drill);
    this.CONSUME(t.Backup);
    const urls = this.SUBRULE(this.chain);
    const given = this.SUBRULE(this.withOptions);
    return this.ACTION(() => ({ kind: 'drill', urls, options: detachedOnly(given, this.errorAt) }));
  });

  /** Backup URLs, oldest to newest. */
  private chain = this.RULE('chain', (): string[] => {
    const urls: string[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        this.OPTION(() => this.refuse(t.LeftParen, 'a backup split over several URLs', LOCALITY_HINT));
        urls.push(this.SUBRULE(this.string));
      },
    });
    return urls;
  });

  private show = this.RULE('show', (): ShowJobsStatement | ShowBackupStatement => {
    this.CONSUME(t.Show);
    return this.OR<ShowJobsStatement | ShowBackupStatement>([
      { ALT: () => this.SUBRULE(this.showJobs) },
      { ALT: () => this.SUBRULE(this.showBackup) },
    ]);
  });

  private showJobs = this.RULE('showJobs', (): ShowJobsStatement => {
    let ids: string[] | null = null;
    let whenComplete = false;
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Job);
          whenComplete = this.SUBRULE(this.whenComplete);
          ids = [this.SUBRULE(this.jobId)];
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Jobs);
          whenComplete = this.SUBRULE1(this.whenComplete);
          this.OPTION(() => {
            ids = this.SUBRULE(this.jobIds);
          });
        },
      },
    ]);
    return { kind: 'show-jobs', ids, whenComplete };
  });

  private whenComplete = this.RULE('whenComplete', (): boolean => {
    let said = false;
    this.OPTION(() => {
      this.CONSUME(t.When);
      this.CONSUME(t.Complete);
      said = true;
    });
    return said;
  });

  private showBackup = this.RULE('showBackup', (): ShowBackupStatement => {
    this.CONSUME(t.Backup);
    let schemas = false;
    this.OPTION(() => {
      this.CONSUME(t.Schemas);
      schemas = true;
    });
    const url = this.SUBRULE(this.string);
    this.OPTION1(() => this.refuse(t.In, 'SHOW BACKUP … IN', "Use SHOW BACKUP 'url'."));
    const given = this.SUBRULE(this.withOptions);
    this.ACTION(() => refuseOptions(given, this.errorAt));
    return { kind: 'show-backup', url, schemas };
  });

  private controlJobs = this.RULE('controlJobs', (): ControlJobsStatement => {
    const action = this.OR<ControlJobsStatement['action']>([
      { ALT: () => this.word(t.Pause, 'pause') },
      { ALT: () => this.word(t.Resume, 'resume') },
      { ALT: () => this.word(t.Cancel, 'cancel') },
    ]);
    const ids = this.OR1<string[]>([
      {
        ALT: () => {
          this.CONSUME(t.Job);
          return [this.SUBRULE(this.jobId)];
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Jobs);
          return this.SUBRULE(this.jobIds);
        },
      },
    ]);
    return { kind: 'control-jobs', action, ids };
  });

  /** `n` or `(n, …)`: CockroachDB takes a query here; a list of ids is Holdfast's own. */
  private jobIds = this.RULE('jobIds', (): string[] => {
    const ids: string[] = [];
    this.OR([
      { ALT: () => ids.push(this.SUBRULE(this.jobId)) },
      {
        ALT: () => {
          this.CONSUME(t.LeftParen);
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => ids.push(this.SUBRULE1(this.jobId)) });
          this.CONSUME(t.RightParen);
        },
      },
    ]);
    return ids;
  });

  private jobId = this.RULE('jobId', (): string => {
    const token = this.CONSUME(t.NumberLiteral);
    return this.ACTION(() => {
      if (!/^\d{1,40}$/.test(token.image) || BigInt(token.image) > INT8_MAX) {
        throw this.errorAt('invalid-value', 'this is not a job ID', token, {
          hint: 'Job IDs are whole numbers below 2^63; SHOW JOBS lists them.',
        });
      }
      return BigInt(token.image).toString();
    });
  });

  private targets = this.RULE('targets', (): Targets =>
    this.OR<Targets>([
      {
        ALT: () => {
          this.CONSUME(t.Database);
          const names: string[] = [];
          this.AT_LEAST_ONE_SEP({
            SEP: t.Comma,
            DEF: () => {
              const token = this.CONSUME(t.Name);
              names.push(this.ACTION(() => this.name(token)));
            },
          });
          return { kind: 'databases', names };
        },
      },
      {
        ALT: () => {
          this.OPTION(() => this.CONSUME(t.Table));
          const patterns: TablePattern[] = [];
          this.AT_LEAST_ONE_SEP1({
            SEP: t.Comma,
            DEF: () => patterns.push(this.SUBRULE(this.pattern)),
          });
          return { kind: 'tables', patterns };
        },
      },
    ]),
  );

  private pattern = this.RULE('pattern', (): TablePattern => {
    const first = this.OR([{ ALT: () => this.CONSUME(t.Name) }, { ALT: () => this.CONSUME(t.Star) }]);
    const rest: IToken[] = [];
    // Nothing follows a `*`, and there are at most three parts.
    this.MANY({
      GATE: () => rest.length < 2 && (rest.at(-1) ?? first).tokenType !== t.Star,
      DEF: () => {
        this.CONSUME(t.Dot);
        rest.push(this.OR1([{ ALT: () => this.CONSUME(t.AnyWord) }, { ALT: () => this.CONSUME1(t.Star) }]));
      },
    });
    return this.ACTION(() => this.toPattern(first, rest));
  });

  private incrementalFrom = this.RULE('incrementalFrom', (): string[] => {
    const urls: string[] = [];
    this.CONSUME(t.Incremental);
    this.CONSUME(t.From);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => urls.push(this.SUBRULE(this.string)) });
    return urls;
  });

  private asOf = this.RULE('asOf', (): string => {
    this.CONSUME(t.As);
    this.CONSUME(t.Of);
    this.CONSUME(t.System);
    this.CONSUME(t.Time);
    return this.OR<string>([
      { ALT: () => this.SUBRULE(this.string) },
      {
        ALT: () => {
          this.CONSUME(t.Minus);
          return `-${this.CONSUME(t.NumberLiteral).image}`;
        },
      },
      { ALT: () => this.CONSUME1(t.NumberLiteral).image },
    ]);
  });

  private withOptions = this.RULE('withOptions', (): GivenOption[] => {
    const given: GivenOption[] = [];
    this.OPTION(() => {
      this.CONSUME(t.With);
      this.OR([
        {
          // OPTIONS is a word like any other elsewhere; no option has that name.
          IGNORE_AMBIGUITIES: true,
          ALT: () => {
            this.CONSUME(t.Options);
            this.CONSUME(t.LeftParen);
            this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => given.push(this.SUBRULE(this.withOption)) });
            this.CONSUME(t.RightParen);
          },
        },
        {
          ALT: () =>
            this.AT_LEAST_ONE_SEP1({ SEP: t.Comma, DEF: () => given.push(this.SUBRULE1(this.withOption)) }),
        },
      ]);
    });
    return given;
  });

  private withOption = this.RULE('withOption', (): GivenOption => {
    const token = this.CONSUME(t.Name);
    let value: string | null = null;
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      value = this.OR<string>([
        { ALT: () => this.SUBRULE(this.string) },
        {
          ALT: () => {
            const word = this.CONSUME(t.AnyWord);
            return this.ACTION(() => this.name(word));
          },
        },
        { ALT: () => this.CONSUME(t.NumberLiteral).image },
      ]);
    });
    return this.ACTION(() => ({ name: this.name(token), token, value }));
  });

  private string = this.RULE('string', (): string => {
    const token = this.CONSUME(t.StringLiteral);
    return this.ACTION(() => {
      const value = stringValue(token);
      if (value === null) {
        throw this.errorAt('syntax', 'invalid escape in a string', token, {
          hint: "Write the text as it is, in plain quotes: '…'.",
        });
      }
      return value;
    });
  });

  private word<T>(type: TokenType, meaning: T): T {
    this.consume(0, type);
    return meaning;
  }

  /** Something of CockroachDB's grammar that is refused by its name, never ignored. */
  private refuse(type: TokenType, what: string, hint: string): void {
    const token = this.consume(0, type);
    this.ACTION(() => {
      throw this.errorAt('unsupported', `${what} is not supported yet`, token, { hint });
    });
  }

  private name(token: IToken): string {
    const name = nameValue(token);
    if (name === null) {
      throw this.errorAt('syntax', 'a quoted name is empty', token, {
        hint: 'Write the name in the quotes.',
      });
    }
    return name;
  }

  private toPattern(first: IToken, rest: IToken[]): TablePattern {
    const last = rest.at(-1);
    if (last === undefined) throw this.withoutDatabase(first);
    const middle = rest.length === 2 ? rest[0] : undefined;
    return {
      database: this.name(first),
      schema: middle === undefined ? null : this.name(middle),
      name: last.tokenType === t.Star ? null : this.name(last),
    };
  }

  private withoutDatabase(token: IToken): Error {
    if (token.tokenType === t.Star) {
      return this.errorAt('invalid-value', '"*" is without a database', token, {
        hint: 'Name the database too: database.*',
        field: 'targets',
      });
    }
    const name = token.image;
    return this.errorAt('invalid-value', `${name} is without a database`, token, {
      hint: `Name the database too: database.${name} for a table, DATABASE ${name} for a whole database.`,
      field: 'targets',
    });
  }
}
