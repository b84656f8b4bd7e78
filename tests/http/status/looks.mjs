import { modules, run, screens, signedIn } from './open.mjs';

await run(async (browser) => {
  const looks = [];
  for (const [screen, viewport] of Object.entries(screens)) {
    for (const colorScheme of ['light', 'dark']) {
      // Axe is put into the page, which the page's own policy forbids to everybody else.
      const page = await signedIn(browser, { viewport, colorScheme, bypassCSP: true });
      await page.locator('#recent tbody tr').first().waitFor();
      await page.addScriptTag({ path: `${modules}/axe-core/axe.min.js` });
      const { violations } = await page.evaluate(() => axe.run());
      looks.push({
        name: `${screen} ${colorScheme}`,
        violations: violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`),
        isWiderThanTheScreen: await page.evaluate(
          () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
        ),
        background: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
      });
      if (process.env.PORTOLAN_TEST_SCREENSHOTS) {
        await page.screenshot({
          path: `${process.env.PORTOLAN_TEST_SCREENSHOTS}/${screen}-${colorScheme}.png`,
          fullPage: true,
        });
      }
      await page.context().close();
    }
  }
  return looks;
});
