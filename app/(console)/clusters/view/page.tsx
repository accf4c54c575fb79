import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ClusterPage } from '../../../../components/clusters/cluster-page.tsx';

export const metadata: Metadata = { title: 'Cluster' };

export default function Page() {
  return (
    <Suspense>
      <ClusterPage />
    </Suspense>
  );
}
