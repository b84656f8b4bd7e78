import { run, token, url } from './open.mjs';

await run(async (browser) => {
  const page = await browser.newPage();
  const foreignRequests = [];
  const said = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) foreignRequests.push(request.url());
  });
  // A refused sign-in is told there by the browser itself.
  page.on('console', (message) => {
    if (!message.text().includes('401')) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(url);
  await page.locator('#sign-in').waitFor();
  const focusedAtFirst = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.type('portolan_made_up');
  await page.keyboard.press('Enter');
  await page.locator('#trouble').waitFor();
  const afterAWrongToken = await page.locator('#trouble').textContent();
  await page.locator('#token').focus();
  await page.keyboard.type(token);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#content').waitFor();
  const found = {
    focusedAtFirst,
    afterAWrongToken,
    name: await page.locator('#name').textContent(),
    connections: await page.locator('#connections tbody tr td:first-child').allTextContents(),
    outcomes: await page.locator('#recent tbody tr td:nth-child(5)').allTextContents(),
    statements: await page.locator('#recent tbody tr td:nth-child(8)').allTextContents(),
    images: await page.locator('img').count(),
  };
  await page.locator('#sign-out').focus();
  await page.keyboard.press('Enter');
  await page.locator('#sign-in').waitFor();
  const kept = await page.evaluate(() => sessionStorage.length);
  const isHidden = await page.locator('#content').isHidden();
  return { ...found, foreignRequests, console: said, signedOut: isHidden && kept === 0 };
});
