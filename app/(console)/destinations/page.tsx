import type { Metadata } from 'next';
import { Suspense } from 'react';
import { DestinationsPage } from '../../../components/destinations/destinations-page.tsx';

export const metadata: Metadata = { title: 'Destinations' };

export default function Page() {
  return (
    <Suspense>
      <DestinationsPage />
    </Suspense>
  );
}
