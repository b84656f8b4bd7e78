// Which figures somebody is shown.
import { run, signedIn } from './open.mjs';

await run(async (browser) => {
  const page = await signedIn(browser);
  await page.locator('#recent tbody tr').first().waitFor();
  return {
    tiles: await page.locator('.tiles dt:visible').allTextContents(),
    headings: await page.locator('#content h2:visible').allTextContents(),
    chart: await page.locator('#chart').isVisible(),
    note: await page.locator('#part').isVisible(),
  };
});
