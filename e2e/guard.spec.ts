import { expect, test } from 'playwright/test';
import { holdfast } from './harness.ts';
import { logIn } from './steps.ts';

const GUARDED = ['/', '/backup', '/restore', '/backups', '/jobs', '/clusters', '/clusters/view'];

test('every page asks for root first, and comes back to where one was going', async ({ page }) => {
  for (const path of GUARDED) {
    await page.goto(path);
    await expect(page).toHaveURL(
      path === '/' ? /\/login$/ : new RegExp(`/login\\?next=${encodeURIComponent(path)}$`),
    );
  }
  await logIn(page, '/jobs');
  await expect(page).toHaveURL(/\/jobs$/);
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto('/jobs');
  await expect(page).toHaveURL(/\/login\?next=/);
});

test('a wrong password is told beside its field, and nothing else', async ({ page }) => {
  await page.goto('/login');
  await page.getByLabel('Password', { exact: true }).fill('not it');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByText('The name or the password is wrong.')).toBeVisible();
  await expect(page).toHaveURL(/\/login/);
  await logIn(page);
});

test('the API serves nobody without a session and no other origin', async ({ request }) => {
  const { url } = holdfast();
  for (const call of ['clusters.list', 'jobs.list?input=%7B%7D', 'backups.list']) {
    const answer = await request.get(`${url}/api/trpc/${call}`);
    expect(answer.status(), call).toBe(401);
  }
  const stream = await request.get(`${url}/api/trpc/jobs.watch?input=%7B%22id%22%3A%221%22%7D`, {
    headers: { accept: 'text/event-stream' },
  });
  expect(await stream.text()).not.toContain('"seq"');
  const foreign = await request.post(`${url}/api/trpc/session.login`, {
    headers: { origin: 'https://elsewhere.example' },
    data: { user: 'root', password: holdfast().rootPassword },
  });
  expect(foreign.status()).toBe(403);
  expect(foreign.headers()['set-cookie']).toBeUndefined();
});

test('the session’s cookie can’t be read by a script', async ({ page, context }) => {
  await logIn(page);
  const [cookie] = (await context.cookies()).filter(({ name }) => name === 'holdfast_session');
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  expect(await page.evaluate(() => document.cookie)).not.toContain('holdfast_session');
});

test('health and metrics answer without a session', async ({ request }) => {
  const { url } = holdfast();
  expect(await (await request.get(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect(await (await request.get(`${url}/metrics`)).text()).toContain('# TYPE holdfast_jobs gauge');
});
