'use client';
import { ActionIcon, Box, Code, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './copyable-code.module.css';

/** Text to take away exactly as it stands: a statement, a URL. */
export function CopyableCode({
  value,
  label,
  tall = false,
}: {
  value: string;
  label: string;
  /** Where it is what the page is about. */
  tall?: boolean;
}) {
  return (
    <Box className={classes.root}>
      <Code
        block
        className={classes.code}
        data-tall={tall || undefined}
        aria-label={label}
        tabIndex={0}
        role="group"
      >
        {value}
      </Code>
      <CopyButton value={value} timeout={2000}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon
              className={classes.copy}
              onClick={copy}
              variant="default"
              aria-label={copied ? 'Copied' : `Copy ${label.toLowerCase()}`}
            >
              {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Box>
  );
}
