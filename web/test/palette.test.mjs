import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { contrast, DARK, GROUND, LIGHT, looks } from '../.test/src/palette.js';

const css = readFileSync(new URL('../src/style.css', import.meta.url), 'utf8');
const [light, dark] = [css.slice(0, css.indexOf('@media')), css.slice(css.indexOf('@media'))];
const named = (text, name) => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(text)[1];

test('marks stand out from the ground of the map', () => {
  for (const c of LIGHT) assert.ok(contrast(c, GROUND.light) >= 3, `${c} ${contrast(c, GROUND.light)}`);
  for (const c of DARK) assert.ok(contrast(c, GROUND.dark) >= 3, `${c} ${contrast(c, GROUND.dark)}`);
});

test('the style sheet and the map know the same colours', () => {
  LIGHT.forEach((c, i) => assert.equal(named(light, `type-${i}`), c));
  DARK.forEach((c, i) => assert.equal(named(dark, `type-${i}`), c));
  assert.equal(named(light, 'ground'), GROUND.light);
  assert.equal(named(dark, 'ground'), GROUND.dark);
});

test('text has 4.5:1 on whatever it may stand on, edges of controls 3:1', () => {
  for (const scheme of [light, dark]) {
    for (const ground of ['paper', 'surface', 'raised'])
      for (const text of ['ink', 'dim', 'accent', 'good', 'bad', 't-key', 't-text', 't-number', 't-word'])
        assert.ok(contrast(named(scheme, text), named(scheme, ground)) >= 4.5, `${text} on ${ground}: ${contrast(named(scheme, text), named(scheme, ground))}`);
    assert.ok(contrast(named(scheme, 'ink'), named(scheme, 'soft')) >= 4.5);
    assert.ok(contrast(named(scheme, 'accent'), named(scheme, 'soft')) >= 4.5);
    assert.ok(contrast(named(scheme, 'on-accent'), named(scheme, 'accent')) >= 4.5);
    for (const ground of ['paper', 'surface', 'ground'])
      for (const edge of ['edge', 'focus']) assert.ok(contrast(named(scheme, edge), named(scheme, ground)) >= 3, `${edge} on ${ground}`);
  }
});

test('a type looks the same whatever the order of the answer, and few look like another', () => {
  const names = ['Building', 'Streetlight', 'RoadSegment', 'OffStreetParking', 'WasteContainer', 'AirQualityObserved', 'Vehicle', 'District', 'A', 'B', 'C', 'D'];
  const one = looks(names);
  assert.deepEqual([...one].sort(), [...looks([...names].reverse())].sort());
  const distinct = new Set([...one.values()].map((l) => `${l.colour} ${l.shape}`));
  assert.ok(distinct.size >= names.length - 1, [...distinct].join());
  assert.equal(looks(Array.from({ length: 500 }, (_, i) => `T${i}`)).size, 500);
});
