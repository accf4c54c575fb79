import type { IToken } from 'chevrotain';
import type { ErrorCode, ErrorField, HoldfastError } from '../errors.ts';
import { VERIFY_DEPTHS } from './ast.ts';
import type { BackupStatement, RestoreOptions, VerifyStatement } from './ast.ts';

/** Makes an error that points at the token. */
export type ErrorAt = (
  code: ErrorCode,
  message: string,
  token: IToken,
  details?: { hint?: string; field?: ErrorField },
) => HoldfastError;

/** One `name [= value]` of a WITH clause, as written. */
export interface GivenOption {
  name: string;
  token: IToken;
  value: string | null;
}

/** CockroachDB's options that Holdfast does not have yet. Ignoring one would make a backup other than the one asked for. */
const NOT_YET = new Set([
  'as_json',
  'debug_ids',
  'encryption_passphrase',
  'include_deprecated_interleaves',
  'incremental_location',
  'kms',
  'new_db_name',
  'privileges',
  'revision_history',
  'schema_only',
  'skip_localities_check',
  'skip_missing_sequence_owners',
  'skip_missing_udfs',
  'verify_backup_table_data',
]);

/** Refuses what the statement can't take: options it does not know, given twice, or with a value too many or missing. */
function checked(
  given: GivenOption[],
  known: Record<string, 'flag' | 'value'>,
  errorAt: ErrorAt,
): Map<string, string | null> {
  const options = new Map<string, string | null>();
  for (const { name, token, value } of given) {
    const shape = Object.hasOwn(known, name) ? known[name] : undefined;
    if (shape === undefined) throw unknownOption(name, token, Object.keys(known), errorAt);
    if (options.has(name)) {
      throw errorAt('invalid-value', `option "${name}" is given twice`, token, { hint: 'Give it once.' });
    }
    if (shape === 'flag' && value !== null) {
      throw errorAt('invalid-value', `option "${name}" takes no value`, token, {
        hint: `Write ${name} alone to turn it on, and leave it out to turn it off.`,
      });
    }
    if (shape === 'value' && !value) {
      throw errorAt('invalid-value', `option "${name}" needs a value`, token, {
        hint: `Write ${name} = '…'.`,
      });
    }
    options.set(name, value);
  }
  return options;
}

function unknownOption(name: string, token: IToken, known: string[], errorAt: ErrorAt): HoldfastError {
  const takes = known.length === 0 ? 'This statement takes no options.' : `It takes: ${known.join(', ')}.`;
  if (NOT_YET.has(name)) {
    return errorAt('unsupported', `option "${name}" is not supported yet`, token, { hint: takes });
  }
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return errorAt('invalid-value', `invalid option "${shown}"`, token, { hint: takes });
}

/** What BACKUP and DRILL BACKUP take. */
export function detachedOnly(given: GivenOption[], errorAt: ErrorAt): BackupStatement['options'] {
  return { detached: checked(given, { detached: 'flag' }, errorAt).has('detached') };
}

export function restoreOptions(given: GivenOption[], errorAt: ErrorAt): RestoreOptions {
  const options = checked(
    given,
    {
      into_db: 'value',
      create_db: 'flag',
      skip_missing_foreign_keys: 'flag',
      skip_missing_sequences: 'flag',
      skip_missing_views: 'flag',
      detached: 'flag',
    },
    errorAt,
  );
  return {
    intoDb: options.get('into_db') ?? null,
    createDb: options.has('create_db'),
    skipMissingForeignKeys: options.has('skip_missing_foreign_keys'),
    skipMissingSequences: options.has('skip_missing_sequences'),
    skipMissingViews: options.has('skip_missing_views'),
    detached: options.has('detached'),
  };
}

/** Holdfast's own statement. */
export function verifyOptions(given: GivenOption[], errorAt: ErrorAt): VerifyStatement['options'] {
  const options = checked(given, { depth: 'value', detached: 'flag' }, errorAt);
  const asked = options.get('depth') ?? 'checksums';
  const depth = VERIFY_DEPTHS.find((each) => each === asked);
  const at = given.find(({ name }) => name === 'depth');
  if (depth === undefined && at !== undefined)
    throw errorAt('invalid-value', 'there is no such depth to verify at', at.token, {
      hint: `Write depth = ${VERIFY_DEPTHS.map((each) => `'${each}'`).join(' or ')}: each looks at what those before it do.`,
    });
  return { depth: depth ?? 'checksums', detached: options.has('detached') };
}

/** SHOW BACKUP takes none of CockroachDB's options yet. */
export function refuseOptions(given: GivenOption[], errorAt: ErrorAt): void {
  checked(given, {}, errorAt);
}
