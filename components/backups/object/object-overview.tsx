'use client';
import { Card, Code, List, Stack, Text, Title } from '@mantine/core';
import { printName } from '../../../server/cluster/names.ts';
import type { ObjectView, StoredTable } from '../../../server/restore/browse/view.ts';
import { plural } from '../../format.ts';
import { Fact, Facts } from '../../ui/fact.tsx';
import { Bytes, Count } from '../../ui/figures.tsx';
import { KIND_WORD } from '../../ui/kind.tsx';
import { StoredAs } from '../stored-as.tsx';
import { ColumnsTable } from './columns-table.tsx';
import { RelatedObjects } from './related-objects.tsx';
import { TableLayers } from './table-layers.tsx';

/** What an object is, what it needs and what needs it; of a table also its columns and where its rows are. */
export function ObjectOverview({ object, url }: { object: ObjectView; url: string }) {
  const { columns, stored } = object;
  return (
    <Stack gap="lg">
      <Card component="section" aria-label="Summary">
        <ObjectFacts object={object} />
      </Card>
      {columns !== null && (
        <Stack gap="xs" component="section" aria-label="Columns">
          <Title order={2}>Columns</Title>
          {columns.length === 0 ? (
            <Text size="sm" c="dimmed">
              The table has no columns.
            </Text>
          ) : (
            <ColumnsTable columns={columns} />
          )}
        </Stack>
      )}
      {stored !== null && object.backup.type === 'incremental' && (
        <TableLayers url={url} table={object.name} />
      )}
      <RelatedObjects title="Needs" none="It needs no other object." objects={object.needs} url={url} />
      <RelatedObjects
        title="Needed by"
        none="Nothing in the backup needs it."
        objects={object.neededBy}
        url={url}
      />
      {object.leftOut.length > 0 && (
        <Stack gap="xs" component="section" aria-label="Not included">
          <Title order={2}>Not included</Title>
          <List size="sm">
            {object.leftOut.map((each) => (
              <List.Item key={each}>{each}</List.Item>
            ))}
          </List>
        </Stack>
      )}
    </Stack>
  );
}

function ObjectFacts({ object }: { object: ObjectView }) {
  const { stored, sequence } = object;
  return (
    <Facts>
      <Fact label="Kind">{KIND_WORD[object.kind]}</Fact>
      {object.comment !== null && (
        <Fact label="Comment">
          <span style={{ whiteSpace: 'pre-wrap' }}>{object.comment}</span>
        </Fact>
      )}
      {stored !== null && (
        <>
          <Fact label="What is stored">
            <StoredAs changes={stored.method === 'whole' ? null : stored} />
          </Fact>
          <StoredRows stored={stored} />
          <Fact label="Stored">
            <Bytes value={stored.bytes} /> in {plural(object.files.length, 'file')} (
            <Bytes value={stored.rawBytes} /> of COPY text)
          </Fact>
        </>
      )}
      {sequence !== null && (
        <>
          <Fact label="Value">
            <Code>{sequence.lastValue}</Code>
            {sequence.isCalled ? ', given out already' : ', to be given out next'}
          </Fact>
          {sequence.ownedBy !== null && (
            <Fact label={sequence.ownedBy.identity ? 'Identity of' : 'Owned by'}>
              {printName(sequence.ownedBy.table)}, column <Code>{sequence.ownedBy.column}</Code>
            </Fact>
          )}
        </>
      )}
      {object.extensions.length > 0 && (
        <Fact label="Extensions">{object.extensions.map(({ name }) => name).join(', ')}</Fact>
      )}
    </Facts>
  );
}

function StoredRows({ stored }: { stored: StoredTable }) {
  if (stored.method === 'whole') {
    return (
      <Fact label="Rows">
        <Count value={stored.rows} />
      </Fact>
    );
  }
  return (
    <>
      <Fact label="New or changed">
        <Count value={stored.rows} />
      </Fact>
      <Fact label="Deleted">
        <Count value={stored.deleted} />
      </Fact>
    </>
  );
}
