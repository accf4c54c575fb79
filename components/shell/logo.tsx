/** A holdfast: what a kelp clings to the rock with. */
export function Logo({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="8" fill="var(--mantine-color-kelp-7)" />
      <path
        d="M16 6v13M16 19c-1 4-4 6-8 7M16 19c1 4 4 6 8 7M16 19v7M16 13c-3 0-5-2-5-5M16 15c3 0 5-2 5-5"
        fill="none"
        stroke="#fff"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
    </svg>
  );
}
