// Fails when the generated client is not what openapi.json asks for.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const config = JSON.parse(readFileSync('ng-openapi-gen.json', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'sightglass-client-'));
try {
  const fresh = join(folder, 'client');
  const temporary = join(folder, 'config.json');
  writeFileSync(temporary, JSON.stringify({ ...config, output: fresh, silent: true }));
  execFileSync(process.execPath, [
    'node_modules/ng-openapi-gen/lib/index.js',
    '--config',
    temporary,
  ]);
  const stale = differences(fresh, config.output);
  if (stale.length > 0) {
    console.error(`The API client is stale (${stale.join(', ')}). Run: make client`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

function differences(left, right) {
  const names = new Set([...files(left), ...files(right)]);
  return [...names].filter((name) => text(left, name) !== text(right, name));
}

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function text(folder, name) {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return null;
  }
}
