import {
  ActionIcon,
  Alert,
  Anchor,
  Badge,
  Button,
  Card,
  createTheme,
  DEFAULT_THEME,
  Modal,
  NavLink,
  Notification,
  Paper,
  Skeleton,
  Table,
  Tooltip,
} from '@mantine/core';
import type { MantineColorsTuple } from '@mantine/core';

/** The console's one accent. Shades 7 and above carry white text at AA contrast. */
const kelp: MantineColorsTuple = [
  '#ecf8f6',
  '#d8eeeb',
  '#addcd6',
  '#7fc9c0',
  '#58b8ad',
  '#36a497',
  '#1c877c',
  '#0f716a',
  '#0a5b56',
  '#064642',
];

/** A palette of the library with a darkest shade that is legible (AA) on its own lightest ones. */
function legible(palette: MantineColorsTuple, darkest: string): MantineColorsTuple {
  const [a, b, c, d, e, f, g, h, i] = palette;
  return [a, b, c, d, e, f, g, h, i, darkest];
}

/** The library's red with shades 7 to 9 dark enough to carry white text. */
const RED: MantineColorsTuple = [
  '#fff5f5',
  '#ffe3e3',
  '#ffc9c9',
  '#ffa8a8',
  '#ff8787',
  '#ff6b6b',
  '#fa5252',
  '#d12b2b',
  '#bd2020',
  '#a51616',
];

const systemFont =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif';
const monoFont =
  'ui-monospace, SFMono-Regular, Menlo, Monaco, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace';

export const theme = createTheme({
  colors: {
    kelp,
    red: RED,
    green: legible(DEFAULT_THEME.colors.green, '#1d6b2e'),
    yellow: legible(DEFAULT_THEME.colors.yellow, '#7f4700'),
    orange: legible(DEFAULT_THEME.colors.orange, '#963006'),
  },
  primaryColor: 'kelp',
  primaryShade: { light: 7, dark: 7 },
  fontFamily: systemFont,
  fontFamilyMonospace: monoFont,
  headings: {
    fontFamily: systemFont,
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.3' },
      h2: { fontSize: '1.125rem', lineHeight: '1.4' },
      h3: { fontSize: '1rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    Alert: Alert.extend({
      defaultProps: { variant: 'light' },
      // The coloured titles of the library fall short of AA contrast on their own tints.
      styles: {
        title: { color: 'var(--mantine-color-text)' },
        message: { color: 'var(--mantine-color-text)' },
      },
    }),
    Anchor: Anchor.extend({ defaultProps: { underline: 'hover' } }),
    Badge: Badge.extend({
      defaultProps: { variant: 'light', radius: 'sm' },
      styles: { root: { textTransform: 'none', fontWeight: 600 } },
    }),
    Button: Button.extend({ defaultProps: { loaderProps: { type: 'dots' } } }),
    Card: Card.extend({ defaultProps: { withBorder: true, padding: 'lg' } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.4, blur: 2 },
        closeButtonProps: { 'aria-label': 'Close' },
        // Its <header> would count as a second banner of the page.
        attributes: { header: { role: 'presentation' } },
      },
    }),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
    }),
    NavLink: NavLink.extend({ styles: { root: { borderRadius: 'var(--mantine-radius-md)' } } }),
    Paper: Paper.extend({ defaultProps: { withBorder: true } }),
    Skeleton: Skeleton.extend({ defaultProps: { radius: 'sm' } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'xs', horizontalSpacing: 'md' } }),
    Tooltip: Tooltip.extend({
      defaultProps: { withArrow: true, openDelay: 250, events: { hover: true, focus: true, touch: true } },
    }),
  },
});
