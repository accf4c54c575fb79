'use client';
import type { ReactNode } from 'react';
import { formatAge, formatUtcTime, plural } from '../../format.ts';
import { KIND_WORDS } from '../../jobs/kinds.ts';
import {
  chainWords,
  deadlineWords,
  destinationWords,
  drillWords,
  estimateWords,
  paceWords,
  partWords,
  sourceWords,
  STATE_WORDS,
  unprotectedWords,
  verifyWords,
} from '../sentences.ts';
import type { ReadinessEntry, TargetFacts, Verdict } from '../use-readiness.ts';
import classes from './report.module.css';

/** One entry of the report, with every fact; `now` is when the report was made, in milliseconds. */
export function ReportEntry({ entry, now }: { entry: ReadinessEntry; now: number }) {
  const { facts, verdict } = entry;
  const title =
    entry.kind === 'target'
      ? `${entry.facts.database}, database of ${facts.cluster}`
      : `Databases of ${facts.cluster} in no backup`;
  return (
    <section className={classes.entry} aria-label={title}>
      <div className={classes.head}>
        <h3>
          <span className={classes.verdict} data-level={verdict.level}>
            {verdict.name}
          </span>
          {title}
        </h3>
        <p>{verdict.words}</p>
      </div>
      <Others verdict={verdict} />
      {entry.kind === 'target' ? (
        <Facts facts={entry.facts} now={now} />
      ) : (
        <ul>
          {entry.facts.databases.map(({ name, tables }) => (
            <li key={name}>
              {name}
              {tables === null ? '' : `, ${plural(tables, 'table')}`}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Others({ verdict }: { verdict: Verdict }) {
  const others = verdict.reasons.filter(({ words }) => words !== verdict.words);
  if (others.length === 0) return null;
  return (
    <ul>
      {others.map(({ words }) => (
        <li key={words}>{words}</li>
      ))}
    </ul>
  );
}

function Facts({ facts, now }: { facts: TargetFacts; now: number }) {
  const { point, chain, verify, drill, unprotected, missing, running } = facts;
  const at = (time: string): string => formatUtcTime(new Date(time));
  const proof = (one: { at: string; url: string; jobId: string } | null): string =>
    one === null ? '' : `, ${at(one.at)}, job ${one.jobId}, of ${one.url}`;
  const deadline = deadlineWords(facts, now);
  return (
    <>
      <table>
        <tbody>
          <Row name="Newest point">
            {point === null
              ? 'none'
              : `${at(point.at)}, ${formatAge(new Date(point.at), new Date(now))}: what was written since would be lost`}
          </Row>
          <Row name="Time to restore">
            {estimateWords(facts)}, {paceWords(facts)}
          </Row>
          <Row name="Chain">{chainWords(facts).words}</Row>
          <Row name="Dependencies">{missing.length === 0 ? 'complete' : `${missing.length} missing`}</Row>
          <Row name="Last verify">
            {verifyWords(facts)}
            {proof(verify)}
          </Row>
          <Row name="Last drill">
            {drillWords(facts)}
            {proof(drill)}
          </Row>
          <Row name="Next incremental">
            {deadline.words}
            {deadline.why === null ? '' : `: ${deadline.why}`}
            {facts.deadline.kind === 'at' ? ` (${at(facts.deadline.at)})` : ''}
          </Row>
          <Row name="Tables in no backup">{unprotectedWords(facts)}</Row>
          <Row name="Destination">{destinationWords(facts)}</Row>
          <Row name="Cluster">{sourceWords(facts)}</Row>
          {running.length > 0 && (
            <Row name="Running">
              {running
                .map(({ kind, jobId, state }) => `${KIND_WORDS[kind].one} job ${jobId}, ${state}`)
                .join('; ')}
            </Row>
          )}
        </tbody>
      </table>
      {point !== null && (
        <Names
          title="Restored from"
          names={point.parts.map(
            (part) => `${part.url}, ${part.type}, as of ${at(part.at)}: ${partWords(part)}`,
          )}
        />
      )}
      {chain !== null && chain.layers.length > 1 && (
        <Names
          title="Layers, oldest to newest"
          names={chain.layers.map(
            ({ url, type, at: moment, state, why }) =>
              `${url}, ${type}, ${moment === null ? '' : `as of ${at(moment)}, `}${STATE_WORDS[state]}${why === null ? '' : `: ${why}`}`,
          )}
        />
      )}
      {unprotected.kind === 'known' && <Names title="Tables in no backup" names={unprotected.tables} />}
      {unprotected.kind === 'known' && (
        <Names
          title="Tables that can’t be backed up"
          names={unprotected.unsupported.map(({ name, why }) => `${name}: ${why}`)}
        />
      )}
      <Names title="What the backup lacks" names={missing} />
    </>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{children}</td>
    </tr>
  );
}

function Names({ title, names }: { title: string; names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ul>
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </>
  );
}
