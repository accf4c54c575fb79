import type { ReactNode } from 'react';
import classes from './two-columns.module.css';

/** What is worked on, and beside it (below, on narrow screens) what it comes to. */
export function TwoColumns({ main, side }: { main: ReactNode; side: ReactNode }) {
  return (
    <div className={classes.columns}>
      <div className={classes.main}>{main}</div>
      <div className={classes.side}>{side}</div>
    </div>
  );
}
