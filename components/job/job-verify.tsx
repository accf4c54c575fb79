'use client';
import { Card, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { useTRPC } from '../trpc.ts';
import { Fact, Facts } from '../ui/fact.tsx';
import { Bytes, Count } from '../ui/figures.tsx';
import { Findings } from '../verify/findings.tsx';
import { DEPTH_WORDS } from '../verify/words.ts';

/** What a VERIFY looked at, and what it found; nothing before it has ended. */
export function JobVerify({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const verify = useQuery(
    trpc.verifies.ofJob.queryOptions(
      { id: job.id },
      { enabled: job.kind === 'VERIFY' && isFinal(job.state) },
    ),
  ).data;
  if (verify == null) return null;
  const { depth, outcome, figures } = verify;
  return (
    <Card component="section" aria-label="Result">
      <Stack gap="md">
        <Title order={2}>{outcome === 'sound' ? 'What was checked' : 'What was found'}</Title>
        <Facts>
          <Fact label="Depth">
            {DEPTH_WORDS[depth].label}:{' '}
            {outcome === 'sound' ? DEPTH_WORDS[depth].sound : DEPTH_WORDS[depth].description}
          </Fact>
          <Fact label="Files">
            <Count value={figures.files} /> (<Bytes value={figures.bytes} /> stored)
          </Fact>
          {depth === 'rows' && (
            <Fact label="Rows">
              <Count value={figures.rows} />
            </Fact>
          )}
        </Facts>
        {outcome === 'damaged' && <Findings verify={verify} />}
      </Stack>
    </Card>
  );
}
