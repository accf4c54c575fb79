import type { ReadinessReport } from '../use-readiness.ts';

/** Has the browser save the facts of a report as a file. */
export function downloadReport(report: ReadinessReport): void {
  const blob = new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `readiness-${report.at.slice(0, 16).replace(/[:T]/g, '-')}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
