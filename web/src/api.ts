/** The twin's own interfaces, as far as this page needs them. Nothing is ever asked from another origin. */
export const NGSI = '/ngsi-ld/v1';

export interface Entity {
  id: string;
  type: string | string[];
  [member: string]: unknown;
}
export interface AttributeInfo {
  name: string;
  kinds: string[];
}
export interface TypeDetails {
  count: number;
  attributes: AttributeInfo[];
}
export interface TypeName {
  name: string;
  attributes: string[];
}
export interface Tenant {
  name: string;
  entities: number;
}
export interface TwinInfo {
  version: string;
  revision: number;
  tenants: Tenant[];
}
export interface Reply {
  status: number;
  statusText: string;
  text: string;
  milliseconds: number;
  results: number | null;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A query string that stays readable: only what would be misunderstood is escaped. */
export function queryString(parameters: Record<string, string | number>): string {
  return Object.entries(parameters)
    .map(([name, text]) => `${name}=${String(text).replace(/[%&#+\s"<>\\^`{}]/g, encodeURIComponent)}`)
    .join('&');
}

export class Api {
  constructor(readonly tenant = '') {}

  headers(more: Record<string, string> = {}): Record<string, string> {
    return this.tenant ? { 'NGSILD-Tenant': this.tenant, ...more } : more;
  }

  private async get(path: string, signal?: AbortSignal): Promise<Response> {
    const answer = await fetch(path, { headers: this.headers({ Accept: 'application/json' }), signal: signal ?? null });
    return this.check(answer);
  }

  private async check(answer: Response): Promise<Response> {
    if (answer.ok) return answer;
    const problem = (await answer.json().catch(() => ({}))) as { detail?: string; title?: string };
    throw new ApiError(answer.status, problem.detail ?? problem.title ?? answer.statusText);
  }

  async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await (await this.get(path, signal)).json()) as T;
  }

  twin(): Promise<TwinInfo> {
    return this.json<TwinInfo>('/twin');
  }

  async types(): Promise<TypeName[]> {
    const list = await this.json<{ typeName: string; attributeNames?: string[] }[]>(`${NGSI}/types?details=true`);
    return list.map((type) => ({ name: type.typeName, attributes: type.attributeNames ?? [] }));
  }

  async type(name: string): Promise<TypeDetails> {
    const told = await this.json<{
      entityCount: number;
      attributeDetails?: { attributeName: string; attributeTypes?: string[] }[];
    }>(`${NGSI}/types/${encodeURIComponent(name)}`);
    const attributes = (told.attributeDetails ?? []).map((a) => ({ name: a.attributeName, kinds: a.attributeTypes ?? [] }));
    return { count: told.entityCount, attributes };
  }

  async create(entity: object): Promise<void> {
    const answer = await fetch(`${NGSI}/entities`, { method: 'POST', headers: this.headers({ 'Content-Type': 'application/json' }), body: JSON.stringify(entity) });
    await this.check(answer);
  }

  entities(parameters: Record<string, string | number>, signal?: AbortSignal): Promise<Entity[]> {
    return this.json<Entity[]>(`${NGSI}/entities?${queryString(parameters)}`, signal);
  }

  entity(id: string, signal?: AbortSignal): Promise<Entity> {
    return this.json<Entity>(`${NGSI}/entities/${encodeURIComponent(id)}?options=sysAttrs`, signal);
  }

  async count(): Promise<number> {
    const answer = await this.get(`${NGSI}/entities?type=*&limit=0&count=true`);
    return Number(answer.headers.get('NGSILD-Results-Count') ?? 0);
  }

  /** One request as a reader typed it, with what they want to see of the answer. */
  async run(path: string, accept: string): Promise<Reply> {
    const began = performance.now();
    const answer = await fetch(path, { headers: this.headers({ Accept: accept }) });
    const text = await answer.text();
    const results = answer.headers.get('NGSILD-Results-Count');
    return {
      status: answer.status,
      statusText: answer.statusText,
      text,
      milliseconds: performance.now() - began,
      results: results === null ? null : Number(results),
    };
  }
}
