import assert from 'node:assert/strict';
import test from 'node:test';
import { EventParser, waiting } from '../.test/src/sse.js';

const STREAM = ': hello\n\nevent: change\nid: 7\ndata: {"a":1}\n\nevent: missed\r\ndata: {"count":3}\r\n\r\ndata: x\ndata:y\n\n';
const WANTED = [
  { event: 'change', id: '7', data: '{"a":1}' },
  { event: 'missed', id: '7', data: '{"count":3}' },
  { event: 'message', id: '7', data: 'x\ny' },
];

test('messages are the same in one piece and byte by byte', () => {
  assert.deepEqual(new EventParser().push(STREAM), WANTED);
  const parser = new EventParser();
  assert.deepEqual([...STREAM].flatMap((c) => parser.push(c)), WANTED);
});

test('an event without data is none, an unfinished one is not given', () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push('event: change\nid: 9\n\n'), []);
  assert.deepEqual(parser.push('data: half'), []);
  assert.deepEqual(parser.push('\n\n'), [{ event: 'message', id: '9', data: 'half' }]);
});

test('attempts come later and later, within half a minute', () => {
  assert.equal(waiting(0, 0), 500);
  assert.equal(waiting(0, 1), 1000);
  assert.equal(waiting(3, 1), 8000);
  assert.equal(waiting(100, 1), 30000);
  assert.equal(waiting(100, 0), 15000);
});
