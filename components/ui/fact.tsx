'use client';
import { DataList } from '@mantine/core';
import type { ReactNode } from 'react';

/** Facts one below the other, name and value. */
export function Facts({ children, labelWidth = '150px' }: { children: ReactNode; labelWidth?: string }) {
  return (
    <DataList labelWidth={labelWidth} gap="xs">
      {children}
    </DataList>
  );
}

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <DataList.Item>
      <DataList.ItemLabel>{label}</DataList.ItemLabel>
      <DataList.ItemValue style={{ overflowWrap: 'anywhere', minWidth: 0 }}>{children}</DataList.ItemValue>
    </DataList.Item>
  );
}
