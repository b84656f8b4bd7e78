// What the page makes of names: of those that the server tells, or of these, wherever a name can stand.
import { run, screens, signedIn } from './open.mjs';

const given = process.argv[6];

/** What a server would say that lets everything be called anything. */
function said(names) {
  const calls = { count: 1, errors: 0, errorRate: 0, medianMs: 1, p95Ms: 1 };
  const call = (name, index) => ({
    call: `1-${index}`,
    time: '2026-01-01T00:00:00Z',
    principal: name,
    method: name,
    connection: name,
    statement: name,
    durationMs: 1,
  });
  return {
    server: { version: '0' },
    caller: { name: names[0], roles: names, operator: true },
    health: {
      status: 'degraded',
      components: names.map((name) => ({ name, status: 'degraded', reason: name })),
      connections: names.map((name) => ({
        name,
        engine: name,
        answers: false,
        failure: name,
        inUse: 0,
        idle: 0,
        max: 1,
        waiting: 0,
        circuit: 'closed',
      })),
      memory: {},
      calls,
      methods: names.map((name) => ({ method: name, ...calls })),
    },
    totals: { calls: 1, failed: 0 },
    running: names.map(call),
    recent: names.map((name, index) => ({ ...call(name, index), actsAs: name, outcome: name, rows: 1 })),
  };
}

await run(async (browser) => {
  const looks = [];
  for (const [screen, viewport] of Object.entries(screens)) {
    const happened = [];
    const page = await signedIn(browser, { viewport }, async (page) => {
      page.on('dialog', (dialog) => dialog.dismiss());
      for (const event of ['dialog', 'pageerror', 'popup', 'framenavigated']) {
        page.on(event, () => happened.push(event));
      }
      // A page that nobody has signed in to is refused once, and the browser says so.
      page.on('console', (message) => message.text().includes('401') || happened.push(message.text()));
      if (given) {
        await page.route('**/status', (route) => {
          if (!route.request().headers().authorization) return route.continue();
          return route.fulfill({ json: said(JSON.parse(given)) });
        });
      }
    });
    await page.locator('#recent tbody tr').first().waitFor();
    const texts = (place) => page.locator(place).allTextContents();
    looks.push({
      screen,
      happened,
      name: await page.locator('#name').textContent(),
      callers: await texts('#recent tbody td:nth-child(2)'),
      connections: await texts('#connections tbody td:first-child'),
      failures: await texts('#connections tbody td:nth-child(3)'),
      buttons: await page
        .locator('#running button')
        .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label'))),
      foreignElements: await page.locator('img, a:not(.skip), iframe, object, form form, script:not([src="status.js"])').count(),
      isWiderThanTheScreen: await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      ),
      // In screens.
      tallestRow: await page
        .locator('tbody tr')
        .evaluateAll((rows) => Math.max(...rows.map((row) => row.offsetHeight / innerHeight))),
    });
    await page.context().close();
  }
  return looks;
});
