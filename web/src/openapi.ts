/** An OpenAPI 3.1 document for reading: what can be asked, with which parameters, and what comes back. */
import { copyButton, h, refill } from './dom.ts';
import { plural, words } from './format.ts';
import { curl } from './queries.ts';

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  description?: string;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}
interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, { $ref?: string; description?: string }>;
}
export interface Document {
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema>; responses?: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }> };
}
export interface Route {
  method: string;
  path: string;
  group: string;
  operation: Operation;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const TITLES: Record<string, string> = {
  entities: 'Entities', entityOperations: 'Many entities at once', types: 'Types', attributes: 'Attributes', jsonldContexts: '@contexts',
  info: 'About the source', subscriptions: 'Subscriptions', csourceRegistrations: 'Registrations', csourceSubscriptions: 'Subscriptions to registrations',
  temporal: 'History', snapshots: 'Snapshots', entityMaps: 'Entity maps',
};

export function routes(document: Document): Route[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    METHODS.filter((m) => operations[m]).map((method) => ({ method, path, group: groupOf(path), operation: operations[method]! })));
}

function groupOf(path: string): string {
  const part = /^\/ngsi-ld\/v1\/([^/]+)/.exec(path)?.[1];
  return part ? (TITLES[part] ?? words(part)) : 'The twin itself';
}

export function schemaText(schema: Schema | undefined): string {
  if (!schema) return 'anything';
  if (schema.$ref) return schema.$ref.split('/').pop() ?? 'anything';
  if (schema.enum) return schema.enum.map(String).join(' | ');
  if (schema.type === 'array') return `list of ${schemaText(schema.items)}`;
  const range = schema.minimum !== undefined && schema.maximum !== undefined ? `, ${schema.minimum} to ${schema.maximum}` : '';
  return `${[schema.type ?? 'anything'].flat().join(' or ')}${schema.format ? `, ${schema.format}` : ''}${range}`;
}

export function matches(route: Route, sought: string): boolean {
  const text = `${route.method} ${route.path} ${route.operation.summary ?? ''} ${route.operation.operationId ?? ''} ${(route.operation.parameters ?? []).map((p) => p.name).join(' ')}`.toLowerCase();
  return sought.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export class ApiView {
  private readonly groups = h('div', { class: 'api-groups' });
  private readonly found = h('p', { class: 'dim', role: 'status' });

  constructor(
    holder: HTMLElement,
    private readonly document: Document,
  ) {
    const input = h('input', { type: 'search', id: 'sought', autocomplete: 'off', spellcheck: 'false' });
    input.addEventListener('input', () => this.paint(input.value.trim()));
    const search = h('div', { class: 'search' }, h('label', { for: 'sought' }, 'Find a route or parameter'), input, this.found);
    refill(holder, search, this.groups, this.schemas());
    this.paint('');
  }

  private paint(sought: string): void {
    const all = routes(this.document);
    const left = all.filter((route) => matches(route, sought));
    this.found.textContent = sought ? `${left.length} of ${plural(all.length, 'route')}` : plural(all.length, 'route');
    const names = [...new Set(left.map((r) => r.group))].sort((a, b) => Number(a === 'The twin itself') - Number(b === 'The twin itself'));
    refill(this.groups, ...names.map((name) =>
      h('section', { class: 'api-group' }, h('h2', {}, name), ...left.filter((r) => r.group === name).map((r) => this.row(r)))));
  }

  private row({ method, path, operation }: Route): HTMLElement {
    const details = h('details', { class: 'route' }, h('summary', {}, h('span', { class: `verb ${method}` }, method.toUpperCase()), h('code', { class: 'path' }, ...pathParts(path)), h('span', { class: 'summary' }, operation.summary ?? '')));
    // a hundred tables that nobody has opened are not made
    details.addEventListener('toggle', () => {
      if (details.open && details.children.length === 1) details.append(this.body(method, path, operation));
    });
    return details;
  }

  private body(method: string, path: string, operation: Operation): HTMLElement {
    const parameters = operation.parameters ?? [];
    const bodies = Object.entries(operation.requestBody?.content ?? {});
    const line = method === 'get' ? curl(location.origin, path, 'application/json', '')
      : `curl -X ${method.toUpperCase()} '${location.origin}${path}'${bodies.length ? ` \\\n  -H 'Content-Type: ${bodies[0]![0]}' \\\n  -d @body.json` : ''}`;
    return h('div', { class: 'route-body' },
      operation.description && h('p', { class: 'dim' }, operation.description),
      parameters.length > 0 && table('Parameters', ['Name', 'In', 'Is', 'Means'], parameters.map((p) => [h('code', {}, p.name), `${p.in}${p.required ? ', required' : ''}`, schemaText(p.schema), p.description ?? ''])),
      bodies.length > 0 && h('p', {}, 'Body: ', ...bodies.flatMap(([media, { schema }], i) => [i ? ', ' : '', h('code', {}, media), schema?.$ref ? ` (${schemaText(schema)})` : ''])),
      table('Answers', ['Status', 'Means'], Object.entries(operation.responses ?? {}).map(([status, r]) => [h('code', {}, status), r.description ?? r.$ref?.split('/').pop() ?? ''])),
      h('div', { class: 'curl' }, h('code', {}, line), copyButton(() => line, 'the curl line')));
  }

  private schemas(): HTMLElement {
    const { schemas = {}, responses = {} } = this.document.components ?? {};
    const all: [string, Schema][] = [...Object.entries(schemas), ...Object.entries(responses).flatMap(([name, r]): [string, Schema][] => {
      const schema = Object.values(r.content ?? {})[0]?.schema;
      return schema?.properties ? [[name, schema]] : [];
    })];
    if (all.length === 0) return h('div', {});
    return h('section', { class: 'api-group' }, h('h2', {}, 'Schemas'), ...all.map(([name, schema]) =>
      h('details', { class: 'route' }, h('summary', {}, h('code', { class: 'path' }, name), h('span', { class: 'summary' }, schema.description ?? '')),
        h('div', { class: 'route-body' }, table(`Members of ${name}`, ['Name', 'Is', 'Means'], Object.entries(schema.properties ?? {}).map(([member, s]) => [
          h('code', {}, member), `${schemaText(s)}${schema.required?.includes(member) ? ', required' : ''}`, s.description ?? ''])))))) ;
  }
}

function pathParts(path: string): (Node | string)[] {
  return path.split(/(\{[^}]+\})/).filter(Boolean).map((part) => (part.startsWith('{') ? h('em', {}, part) : part));
}

function table(title: string, heads: string[], rows: (Node | string)[][]): HTMLElement {
  return h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': title },
    h('table', {}, h('caption', {}, title), h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, ...rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell)))))));
}
