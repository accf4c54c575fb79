import type { Metadata } from 'next';
import { ReportPage } from '../../../../components/readiness/report/report-page.tsx';

export const metadata: Metadata = { title: 'Readiness report' };

export default function Page() {
  return <ReportPage />;
}
