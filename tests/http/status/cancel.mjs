import { run, signedIn } from './open.mjs';

await run(async (browser) => {
  const page = await signedIn(browser);
  const button = page.locator('#running tbody button');
  await button.waitFor();
  await button.focus();
  // The page asks anew meanwhile, and the time that the call has taken changes.
  const time = page.locator('#running tbody td:nth-child(5)');
  const before = await time.textContent();
  await page.waitForFunction(
    (text) => document.querySelector('#running tbody td:nth-child(5)')?.textContent !== text,
    before,
  );
  const focusStaysOnTheButton = await button.evaluate((element) => element === document.activeElement);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('done').textContent !== '');
  const told = await page.locator('#done').textContent();
  await page.locator('#running tbody tr').waitFor({ state: 'detached' });
  return {
    focusStaysOnTheButton,
    told,
    rowsAfterwards: await page.locator('#running tbody tr').count(),
    lastOutcome: await page.locator('#recent tbody tr td:nth-child(5)').first().textContent(),
  };
});
