/** How values, names and times are written for people. */
const WHOLE = new Intl.NumberFormat('en');
const FEW_DIGITS = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });

export function count(n: number): string {
  return WHOLE.format(n);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** The last part of an IRI or URN; names stay as they are. */
export function shortName(name: string): string {
  if (!name.includes(':')) return name;
  const parts = name.split(/[/#]/).filter(Boolean);
  const last = parts[parts.length - 1] ?? name;
  return /^https?:$/.test(last) ? name : last;
}

/** What of an id tells it from its neighbours: urn:ngsi-ld:Streetlight:demo:0002 becomes demo:0002. */
export function shortId(id: string): string {
  const urn = /^urn:ngsi-ld:[^:]+:(.+)$/i.exec(id);
  return urn?.[1] ?? (id.startsWith('urn:') ? id.slice(4) : shortName(id));
}

/** availableSpotNumber becomes "Available spot number"; NO2 and pH stay. */
export function words(name: string): string {
  const short = shortName(name);
  if (!/^[a-z]{2,}|^[a-z]$/.test(short) || /^[a-z][A-Z]$/.test(short)) return short;
  const spaced = short
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/ ([A-Z])(?=[a-z])/g, (_, c: string) => ` ${c.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** AirQualityObserved becomes "Air quality observed", EVChargingStation "EV charging station". */
export function typeWords(name: string): string {
  const spaced = shortName(name)
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/ ([A-Z])(?=[a-z]+)/g, (_, c: string) => ` ${c.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** The words of a name inside of a sentence: "power state", and still PM10. */
export function inSentence(name: string): string {
  const told = words(name);
  return /^[A-Z][a-z]/.test(told) ? told.charAt(0).toLowerCase() + told.slice(1) : told;
}

/** Common codes of UN/CEFACT Recommendation 20. Others are shown as they came. */
const UNITS: Record<string, string> = {
  '2N': 'dB', '4H': 'µm', A97: 'hPa', AMP: 'A', C62: '', CEL: '°C', CMT: 'cm', D54: 'W/m²', DAY: 'days', E34: 'GB',
  FAH: '°F', GP: 'mg/m³', GQ: 'µg/m³', GRM: 'g', HAR: 'ha', HTZ: 'Hz', HUR: 'h', KEL: 'K', KGM: 'kg', KMH: 'km/h',
  KMT: 'km', KWH: 'kWh', KWT: 'kW', LTR: 'l', LUX: 'lx', M1: 'mg/l', MIN: 'min', MMT: 'mm', MQH: 'm³/h', MQS: 'm³/s',
  MTK: 'm²', MTQ: 'm³', MTR: 'm', MTS: 'm/s', P1: '%', PAL: 'Pa', SEC: 's', VLT: 'V', WHR: 'Wh', WTT: 'W',
};

export function unit(code: unknown): string {
  return typeof code === 'string' ? (UNITS[code] ?? code) : '';
}

/** The words of a language map in a language the reader wants. */
export function inLanguage(map: Record<string, unknown>, wanted: readonly string[]): string {
  const has = (tag: string) => Object.keys(map).find((key) => key.toLowerCase().split('-')[0] === tag);
  const tags = [...wanted.map((tag) => tag.toLowerCase().split('-')[0] ?? ''), 'en'];
  const key = tags.map(has).find(Boolean) ?? Object.keys(map)[0];
  const value = key === undefined ? '' : map[key];
  return Array.isArray(value) ? value.join(', ') : String(value ?? '');
}

export function value(v: unknown): string {
  if (typeof v === 'number') return FEW_DIGITS.format(v);
  if (typeof v === 'boolean') return v ? 'yes' : 'no';
  if (typeof v === 'string') return v;
  if (v === null || v === undefined) return 'nothing';
  if (Array.isArray(v)) return v.every((x) => typeof x !== 'object') ? v.map(value).join(', ') : `${v.length} values`;
  return JSON.stringify(v);
}

export function ago(then: number, now: number): string {
  const s = Math.max(0, Math.round((now - then) / 1000));
  if (s < 2) return 'just now';
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.round(s / 60)} min ago`;
  if (s < 86400) return `${Math.round(s / 3600)} h ago`;
  return `${plural(Math.round(s / 86400), 'day')} ago`;
}

/** How many there are in a second, of numbers of the last few. */
export function perSecond(counts: readonly number[]): string {
  const mean = counts.reduce((sum, n) => sum + n, 0) / Math.max(1, counts.length);
  if (mean === 0) return 'none now';
  return mean >= 0.95 ? `${count(Math.round(mean))} a second` : `${count(Math.max(1, Math.round(mean * 60)))} a minute`;
}

export function clock(t: number): string {
  return new Date(t).toLocaleTimeString('en-GB');
}

export function bytes(n: number): string {
  return n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;
}

export function metres(m: number): string {
  return m < 1000 ? `${count(m)} m` : `${count(m / 1000)} km`;
}
