import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ReadinessPage } from '../../../components/readiness/readiness-page.tsx';

export const metadata: Metadata = { title: 'Readiness' };

export default function Page() {
  return (
    <Suspense>
      <ReadinessPage />
    </Suspense>
  );
}
