import assert from 'node:assert/strict';
import test from 'node:test';
import * as f from '../.test/src/format.js';

test('names are shortened to what tells them apart', () => {
  assert.equal(f.shortName('https://uri.etsi.org/ngsi-ld/default-context/Lamp'), 'Lamp');
  assert.equal(f.shortName('https://saref.etsi.org/core/#Meter'), 'Meter');
  assert.equal(f.shortName('Lamp'), 'Lamp');
  assert.equal(f.shortName('https://example.org'), 'example.org');
  assert.equal(f.shortId('urn:ngsi-ld:Lamp:demo:0002'), 'demo:0002');
  assert.equal(f.shortId('urn:uuid:1-2'), 'uuid:1-2');
  assert.equal(f.shortId('https://a.example/things/7'), '7');
});

test('attribute names become words, symbols stay', () => {
  assert.equal(f.words('availableSpotNumber'), 'Available spot number');
  assert.equal(f.words('NO2'), 'NO2');
  assert.equal(f.words('pH'), 'pH');
  assert.equal(f.words('LAeq'), 'LAeq');
  assert.equal(f.words('speed'), 'Speed');
  assert.equal(f.words('https://a.example/fillingLevel'), 'Filling level');
});

test('values, units, languages', () => {
  assert.equal(f.value(1234.5678912), '1,234.57');
  assert.equal(f.value(true), 'yes');
  assert.equal(f.value(['a', 'b']), 'a, b');
  assert.equal(f.value([{ a: 1 }, { a: 2 }]), '2 values');
  assert.equal(f.unit('CEL'), '°C');
  assert.equal(f.unit('XYZ'), 'XYZ');
  assert.equal(f.unit(undefined), '');
  assert.equal(f.inLanguage({ en: 'Theatre', de: 'Theater' }, ['de-DE', 'en']), 'Theater');
  assert.equal(f.inLanguage({ nl: 'Schouwburg', en: 'Theatre' }, ['fr']), 'Theatre');
  assert.equal(f.inLanguage({ nl: ['a', 'b'] }, ['fr']), 'a, b');
});

test('times and amounts', () => {
  const now = Date.parse('2026-01-02T03:00:00Z');
  assert.equal(f.ago(now - 500, now), 'just now');
  assert.equal(f.ago(now + 5000, now), 'just now');
  assert.equal(f.ago(now - 59000, now), '59 s ago');
  assert.equal(f.ago(now - 3600000, now), '1 h ago');
  assert.equal(f.ago(now - 86400000, now), '1 day ago');
  assert.equal(f.plural(1, 'entity', 'entities'), '1 entity');
  assert.equal(f.plural(5011, 'entity', 'entities'), '5,011 entities');
  assert.equal(f.bytes(1536), '1.5 KiB');
});
