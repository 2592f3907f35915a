/** What an empty twin shows instead of an empty map: three ways to bring something in, one of them a click. */
import { NGSI, type Api } from './api.ts';
import { announce, byId, copyButton, h, refill, type Child } from './dom.ts';

const LAMP = {
  id: 'urn:ngsi-ld:Streetlight:1',
  type: 'Streetlight',
  name: 'Market square',
  powerState: 'on',
  location: { type: 'Point', coordinates: [7.6281, 51.9625] },
};

export function welcome(empty: boolean, api: Api): void {
  const holder = byId('welcome');
  document.body.classList.toggle('is-empty', empty);
  holder.hidden = !empty;
  if (empty) refill(holder, h('h2', {}, 'Nothing is in this twin yet'), h('p', { class: 'dim' }, 'Whatever comes in shows here at once. Three ways to begin:'), h('div', { class: 'ways' }, one(api), own(api), city()));
}

function way(title: string, ...content: Child[]): HTMLElement {
  return h('section', { class: 'card way' }, h('h3', {}, title), ...content);
}

function line(text: string): HTMLElement {
  return h('div', { class: 'curl' }, h('code', {}, text), copyButton(() => text, 'the line'));
}

function one(api: Api): HTMLElement {
  const body = `{\n${Object.entries(LAMP).map(([name, value]) => `    "${name}": ${JSON.stringify(value)}`).join(',\n')} }`;
  const tenant = api.tenant ? ` \\\n  -H 'NGSILD-Tenant: ${api.tenant}'` : '';
  const button = h('button', { type: 'button', class: 'primary' }, 'Create it');
  const said = h('p', { role: 'status' });
  button.addEventListener('click', () => {
    button.disabled = true;
    void api.create(LAMP).then(
      () => announce('The entity is created.'),
      (error: unknown) => {
        button.disabled = false;
        said.textContent = error instanceof Error ? error.message : 'The twin could not be reached.';
      },
    );
  });
  return way('One entity', h('p', {}, 'A street light on a market square, from here or from a terminal.'),
    line(`curl ${location.origin}${NGSI}/entities${tenant} \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`), button, said);
}

function own(api: Api): HTMLElement {
  const tenant = api.tenant ? ` --tenant ${api.tenant}` : '';
  return way('Your own data', h('p', {}, 'A file of any size, through this running twin:'), line(`cardo import${tenant} \\\n  --url ${location.origin} FILE`),
    h('p', {}, 'What files may hold is told by ', h('code', {}, 'cardo import --help'), ' and by ', h('a', { href: '/docs' }, 'the documents'), '.'));
}

function city(): HTMLElement {
  return way('A made-up city', h('p', {}, 'Five thousand entities that live: traffic, weather, buses, street lights. In a folder of its own, stopped with Ctrl-C:'),
    line('cardo serve --demo city \\\n  --data demo-city --listen 127.0.0.1:9095'), h('p', { class: 'dim' }, 'A village is small, a metropolis has a million entities.'));
}
