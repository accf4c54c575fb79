'use client';
import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { HoldfastError } from '../../server/errors.ts';
import { BesideInput } from '../ui/beside-input.tsx';
import { fieldMessage } from '../ui/errors.tsx';
import type { PlaceFields } from './fields.ts';
import { fieldsOf } from './taken-apart.ts';

/** A whole URL, secrets and all, is taken apart into the form's fields; it doesn't stay where it was pasted. */
export function PasteUrl({ onFields }: { onFields: (fields: PlaceFields) => void }) {
  const [url, setUrl] = useState('');
  const [error, setError] = useState<string | null>(null);

  function take(text: string): void {
    try {
      onFields(fieldsOf(text));
      setUrl('');
      setError(null);
    } catch (problem) {
      if (!(problem instanceof HoldfastError)) throw problem;
      setError(fieldMessage({ message: problem.message, hint: problem.hint ?? null }));
    }
  }

  return (
    <PasswordInput
      label="Paste a URL"
      description="If you have one: it is taken apart into the fields below."
      placeholder="s3://bucket/path?AWS_ACCESS_KEY_ID=…"
      value={url}
      onChange={(event) => {
        setUrl(event.currentTarget.value);
        setError(null);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        if (url.trim() !== '') take(url);
      }}
      error={error}
      spellCheck={false}
      autoComplete="off"
      visibilityToggleButtonProps={{ 'aria-label': 'Show the URL' }}
      inputContainer={(input) => (
        <BesideInput input={input}>
          <Button variant="default" disabled={url.trim() === ''} onClick={() => take(url)}>
            Fill in
          </Button>
        </BesideInput>
      )}
    />
  );
}
