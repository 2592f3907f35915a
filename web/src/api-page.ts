/** The page at /api: the OpenAPI document of this very program, readable. */
import './style.css';
import { byId, h, refill } from './dom.ts';
import { ApiView, type Document } from './openapi.ts';

async function start(): Promise<void> {
  const holder = byId('api');
  try {
    const answer = await fetch('/openapi', { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(answer.statusText);
    const told = (await answer.json()) as Document;
    byId('version').textContent = `${told.info.title} ${told.info.version}`;
    new ApiView(holder, told);
  } catch {
    refill(holder, h('p', { class: 'bad', role: 'alert' }, 'The description could not be read. Reload the page to try again.'));
  }
}

void start();
