import type { Metadata } from 'next';
import { NotFoundPage } from '../components/shell/not-found-page.tsx';
import { Shell } from '../components/shell/shell.tsx';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <Shell>
      <NotFoundPage />
    </Shell>
  );
}
