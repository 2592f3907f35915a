import assert from 'node:assert/strict';
import test from 'node:test';
import * as g from '../.test/src/map/geometry.js';

const near = (a, b, by = 1e-9) => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);
const boxAt = (lon, lat) => g.shapesOf({ type: 'Point', coordinates: [lon, lat] }).box;

test('there and back', () => {
  for (const [lon, lat] of [[0, 0], [7.62, 51.96], [-179, -60], [179.9, 84]]) {
    const [x, y] = g.project(lon, lat);
    const [lon2, lat2] = g.unproject(x, y);
    near(lon, lon2);
    near(lat, lat2);
  }
  assert.ok(Number.isFinite(g.project(0, 90)[1]));
});

test('every kind of geometry, and what is none', () => {
  const square = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]];
  assert.equal(g.shapesOf({ type: 'Polygon', coordinates: square }).areas.length, 1);
  assert.equal(g.shapesOf({ type: 'MultiPolygon', coordinates: [square, square] }).areas.length, 2);
  assert.equal(g.shapesOf({ type: 'MultiPoint', coordinates: [[0, 0], [1, 1]] }).points.length, 4);
  assert.equal(g.shapesOf({ type: 'MultiLineString', coordinates: [[[0, 0], [1, 1]], [[2, 2], [3, 3]]] }).lines.length, 2);
  assert.equal(g.shapesOf({ type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 1] }, { type: 'LineString', coordinates: [[0, 0], [1, 1]] }] }).lines.length, 1);
  for (const none of [null, undefined, 7, 'Point', {}, { type: 'Point' }, { type: 'Point', coordinates: ['a', 1] }, { type: 'Point', coordinates: [null, null] }, { type: 'Polygon', coordinates: [[[0, 0]]] }, { type: 'LineString', coordinates: 3 }, { type: 'Cube', coordinates: [1, 2] }])
    assert.equal(g.shapesOf(none), null, JSON.stringify(none));
});

test('what is fitted is seen, and zooming keeps the place under the pointer', () => {
  const box = { x0: 0.4, y0: 0.3, x1: 0.6, y1: 0.35 };
  const view = g.fit(box, 800, 600, 20);
  const seen = g.seen(view, 800, 600);
  assert.ok(seen.x0 <= box.x0 && seen.x1 >= box.x1 && seen.y0 <= box.y0 && seen.y1 >= box.y1);
  const at = (v, px, py) => [v.x + (px - 400) / v.scale, v.y + (py - 300) / v.scale];
  const closer = g.zoomed(view, 3, 100, 500, 800, 600);
  near(at(view, 100, 500)[0], at(closer, 100, 500)[0]);
  near(at(view, 100, 500)[1], at(closer, 100, 500)[1]);
  assert.equal(g.zoomed(view, 1e30, 0, 0, 800, 600).scale, g.SCALE_MOST);
  assert.equal(g.zoomed(view, 1e-30, 0, 0, 800, 600).scale, g.SCALE_LEAST);
  assert.ok(Number.isFinite(g.fit(boxAt(7, 51), 800, 600, 20).scale));
});

test('one swapped pair of coordinates does not push the city into a corner', () => {
  const city = Array.from({ length: 200 }, (_, i) => boxAt(7.6 + (i % 20) / 500, 51.9 + i / 5000));
  const all = g.extent([...city, boxAt(51.9, 7.6), boxAt(0, 0)]);
  assert.ok(all.x1 - all.x0 < 0.001, String(all.x1 - all.x0));
  assert.deepEqual(g.extent(city), g.extent([...city].reverse()));
  assert.equal(g.extent([]), null);
  const two = g.extent([boxAt(0, 0), boxAt(90, 0)]);
  near(two.x1 - two.x0, 0.25);
});

test('distances: to a point, to a line, inside of an area, in its hole', () => {
  const flat = { points: new Float64Array([0, 0]), lines: [], areas: [], box: null };
  near(g.distance(flat, 3, 4), 5);
  const line = { ...flat, points: new Float64Array(), lines: [new Float64Array([0, 0, 10, 0])] };
  near(g.distance(line, 5, 2), 2);
  near(g.distance(line, 13, 4), 5);
  const ring = (a, b) => new Float64Array([a, a, b, a, b, b, a, b, a, a]);
  const area = { ...flat, points: new Float64Array(), areas: [[ring(0, 10), ring(4, 6)]] };
  assert.equal(g.distance(area, 2, 2), 0);
  assert.equal(g.distance(area, 5, 5), Infinity);
  assert.equal(g.distance(area, 20, 5), Infinity);
});

test('the bar of the scale is round and fits', () => {
  for (const scale of [1e3, 1e6, 3.7e7, 1e9]) {
    const { metres, pixels } = g.scaleBar({ x: 0.52, y: 0.33, scale }, 140);
    assert.ok(pixels <= 140 && pixels >= 140 / 2.51, String(pixels));
    assert.match(metres.toExponential(0), /^[125]e/);
  }
});
