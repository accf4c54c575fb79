import { HoldfastError } from '../../errors.ts';

/** The comment on a ledger's table `created`: a schema of such a name without it is somebody's own. */
export const LEDGER_COMMENT = 'ledger of a restore by Holdfast; gone when the restore has ended';

/** The ledger's schema. `restore` is a number, so nothing of it needs quoting. */
export function ledgerSchema(restore: string): string {
  if (!/^\d{1,30}$/.test(restore))
    throw new HoldfastError('internal', `'${restore}' is not a restore's number`);
  return `holdfast_restore_${restore}`;
}

/** Whether a schema is a ledger, which is nobody's data, by its name and the comment of its table `created`. */
export function isLedgerSchema(schema: string, comment: string | null): boolean {
  return /^holdfast_restore_[0-9]+$/.test(schema) && comment === LEDGER_COMMENT;
}
