// Chromium on the status page: node SCRIPT NODE_MODULES CHROMIUM URL TOKEN
import { pathToFileURL } from 'node:url';

const [modules, executablePath, url, token] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(`${modules}/playwright-core/index.mjs`));

export { modules, token, url };

export const screens = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };

// A sandbox of its own needs rights that a test does not have; the other flags keep it from asking anybody but the page's
// server for anything.
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** Runs `work` with a browser, prints what it returns as JSON, and ends the browser in any case. */
export async function run(work) {
  const browser = await chromium.launch({ executablePath, args });
  try {
    console.log(JSON.stringify(await work(browser)));
  } finally {
    await browser.close();
  }
}

/** A page with somebody signed in; `prepare` is given it before it is opened. */
export async function signedIn(browser, options = {}, prepare = async () => {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await prepare(page);
  await page.goto(url);
  await page.locator('#token').fill(token);
  await page.keyboard.press('Enter');
  await page.locator('#content').waitFor();
  return page;
}
