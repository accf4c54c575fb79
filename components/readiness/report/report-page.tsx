'use client';
import Link from 'next/link';
import { LEVEL_WORDS, LEVELS } from '../../../server/restore/readiness/verdict.ts';
import { formatUtcTime, plural } from '../../format.ts';
import { ErrorAlert } from '../../ui/errors.tsx';
import { Loading } from '../../ui/loading.tsx';
import { countsOf } from '../counts.ts';
import { entryKey, useReadiness, type ReadinessReport } from '../use-readiness.ts';
import { downloadReport } from './download.ts';
import { ReportEntry } from './report-entry.tsx';
import classes from './report.module.css';

/** All that the readiness page knows, to print, to keep and to sign; as it was at one time. */
export function ReportPage() {
  const readiness = useReadiness(false);
  const report = readiness.data;
  return (
    <div className={classes.paper}>
      <main className={classes.sheet}>
        <div className={classes.bar}>
          <Link href="/readiness">Back to Readiness</Link>
          {report !== undefined && (
            <div className={classes.buttons}>
              <button type="button" onClick={() => window.print()}>
                Print or save as PDF
              </button>
              <button type="button" onClick={() => downloadReport(report)}>
                Download as JSON
              </button>
            </div>
          )}
        </div>
        {report !== undefined ? (
          <Report report={report} />
        ) : readiness.error !== null ? (
          <ErrorAlert error={readiness.error} onRetry={() => void readiness.refetch()} />
        ) : (
          <Loading h={400} label="Looking at backups and clusters" />
        )}
      </main>
    </div>
  );
}

function Report({ report }: { report: ReadinessReport }) {
  const { entries, at, version, clusters } = report;
  return (
    <>
      <h1>Readiness report</h1>
      <p>
        Made at <time dateTime={at}>{formatUtcTime(new Date(at))}</time> by Holdfast {version}.{' '}
        {plural(clusters, 'registered cluster')}; {plural(entries.length, 'entry', 'entries')}, the worst
        first.
      </p>

      <h2>Summary</h2>
      {entries.length === 0 ? (
        <p>Nothing is backed up, and no registered cluster has anything to back up.</p>
      ) : (
        <table>
          <caption>How many of each verdict, and what it means</caption>
          <thead>
            <tr>
              <th scope="col">Verdict</th>
              <th scope="col">Entries</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {LEVELS.map((level) => (
              <tr key={level}>
                <th scope="row">{LEVEL_WORDS[level].name}</th>
                <td>{countsOf(entries).find((one) => one.level === level)?.count ?? 0}</td>
                <td>{LEVEL_WORDS[level].meaning}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}

      {entries.length > 0 && <h2>Entries</h2>}
      {entries.map((entry) => (
        <ReportEntry key={entryKey(entry)} entry={entry} now={Date.parse(at)} />
      ))}

      <section className={classes.notes} aria-label="Notes and signatures">
        <h2>Notes</h2>
        <div className={classes.lines} />
        <div className={classes.signatures}>
          <div className={classes.signature}>Reviewed by, date, signature</div>
          <div className={classes.signature}>Approved by, date, signature</div>
        </div>
      </section>
    </>
  );
}
