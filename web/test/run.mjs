/** All tests, told as TAP. The first versions of node 18 tell nothing else, and know no option that asks for it. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
const asked = major > 18 || minor >= 15 ? ['--test-reporter=tap'] : [];
const folder = new URL('.', import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).map((name) => folder + name);
process.exit(spawnSync(process.execPath, ['--test', ...asked, ...files], { stdio: 'inherit' }).status ?? 1);
