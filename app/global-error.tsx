'use client';
import { useEffect } from 'react';

/** Replaces the whole document when even the layout failed, so it brings its own few styles. */
export default function GlobalError({ error, retry }: { error: unknown; retry: () => void }) {
  useEffect(() => {
    console.error(error);
  }, [error]);
  return (
    <html lang="en">
      <body
        style={{
          colorScheme: 'light dark',
          fontFamily: 'system-ui, sans-serif',
          maxWidth: 560,
          margin: '15vh auto',
          padding: 16,
        }}
      >
        <title>Failed · Holdfast</title>
        <h1 style={{ fontSize: 24 }}>The console’s page failed</h1>
        <p>
          {error instanceof Error ? error.message : 'Something unexpected happened.'} Running jobs are not
          affected.
        </p>
        <button type="button" onClick={() => retry()} style={{ font: 'inherit', padding: '8px 16px' }}>
          Try again
        </button>
      </body>
    </html>
  );
}
