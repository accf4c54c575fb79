'use client';
import { Card, Stack, Title } from '@mantine/core';
import type { JobView } from '../../server/jobs/job.ts';
import { basesNamedIn } from '../../server/statement/bases.ts';
import { LayerList } from '../backups/layer-list.tsx';
import { KIND_WORDS } from '../jobs/kinds.ts';
import { CopyableCode } from '../ui/copyable-code.tsx';
import { Fact, Facts } from '../ui/fact.tsx';
import { Moment, Time } from '../ui/figures.tsx';

export function JobDetails({ job }: { job: JobView }) {
  const bases = job.kind === 'BACKUP' ? basesNamedIn(job.statement) : [];
  return (
    <Card component="section" aria-label="Details">
      <Stack gap="md">
        <Title order={2}>Statement</Title>
        <CopyableCode value={job.statement} label="Statement" />
        <Facts>
          {job.kind === 'BACKUP' && (
            <Fact label="Consistent as of">
              {job.moment === null ? 'fixed when the job starts' : <Moment at={job.moment} />}
            </Fact>
          )}
          {job.cluster !== null && <Fact label="Cluster">{job.cluster}</Fact>}
          {bases.length > 0 && (
            <Fact label="Builds on">
              <LayerList layers={bases.map((url) => ({ url }))} label="Builds on" />
            </Fact>
          )}
          <Fact label={KIND_WORDS[job.kind].location}>{job.location}</Fact>
          <Fact label="Asked for by">{job.user}</Fact>
          {job.coordinator !== null && <Fact label="Coordinated by">{job.coordinator}</Fact>}
          <Fact label="Created">
            <Time at={job.createdAt} />
          </Fact>
          {job.startedAt !== null && (
            <Fact label="Started">
              <Time at={job.startedAt} />
            </Fact>
          )}
          {job.finishedAt !== null && (
            <Fact label="Ended">
              <Time at={job.finishedAt} />
            </Fact>
          )}
        </Facts>
      </Stack>
    </Card>
  );
}
