import type { Metadata } from 'next';
import { JobPage } from '../../../../components/job/job-page.tsx';

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Job ${(await params).id}` };
}

export default async function Page({ params }: Props) {
  return <JobPage id={(await params).id} />;
}
