/*
 * A place from a seed. Everything about an entity follows from (seed, kind, number): so nothing is kept, a
 * million entities cost no memory here, and the same seed makes the same place.
 *
 * Values follow the clock: day and night, working days, rush hours, a weather that all sensors share, an
 * event on some evenings. Three sensors are broken on purpose: one falls silent, one drifts, one lies.
 */
#include "cli/demo_int.h"

enum { LOCAL_S = 3600, SILENT_AFTER_S = 15 * 60 };

/* Every kind that lives gets turns as often as it reports, at least one, spread over the cycle. */
static void take_turns(struct cd_place *p)
{
	double share[CD_KINDS] = {0}, credit[CD_KINDS] = {0}, all = 0;
	for (unsigned k = 0; k < CD_KINDS; k++) {
		if (cd_demo_kinds[k].lives)
			share[k] = (double)cd_demo_kinds[k].count[p->size] / cd_demo_kinds[k].period_s;
		all += share[k];
	}
	double least = all / (CD_PLACE_CYCLE / 2.0), sum = 0;
	for (unsigned k = 0; k < CD_KINDS; k++) {
		share[k] = share[k] > 0 && share[k] < least ? least : share[k];
		sum += share[k];
	}
	for (unsigned i = 0; i < CD_PLACE_CYCLE; i++) {
		unsigned next = 0;
		for (unsigned k = 0; k < CD_KINDS; k++) {
			credit[k] += share[k];
			next = credit[k] > credit[next] ? k : next;
		}
		credit[next] -= sum;
		p->turn[i].kind = (uint8_t)next;
		p->turn[i].nth = p->turns[next]++;
	}
}

bool cd_place_init(struct cd_place *p, cd_str size, uint64_t seed, cd_time_us now)
{
	static const cd_str sizes[] = {
		CD_STR_INIT("village"), CD_STR_INIT("city"), CD_STR_INIT("metropolis")};
	static const double lon[] = {7.874, 7.626, 7.01}, lat[] = {51.842, 51.961, 51.45},
			    radius[] = {900, 5200, 24000};
	_Static_assert(CD_KINDS <= sizeof p->turns, "a number of turns for each kind");
	for (unsigned i = 0; i < 3; i++) {
		if (!cd_str_eq(size, sizes[i]))
			continue;
		*p = (struct cd_place){i, seed, lon[i], lat[i], radius[i], now, .turns = {0}};
		take_turns(p);
		return true;
	}
	return false;
}

uint64_t cd_place_count(const struct cd_place *p)
{
	uint64_t n = 0;
	for (unsigned k = 0; k < CD_KINDS; k++)
		n += cd_demo_kinds[k].count[p->size];
	return n;
}

static struct cd_thing thing(
	const struct cd_place *p, unsigned kind, uint64_t number, cd_time_us time, struct cd_buf *b)
{
	int64_t second = time / 1000000 + LOCAL_S, day = second / 86400;
	return (struct cd_thing){.place = p,
		.kind = kind,
		.number = number,
		.time = time,
		.hour = (double)(second % 86400) / 3600,
		.weekend = (day + 3) % 7 >= 5, /* the first of January 1970 was a Thursday */
		.b = b};
}

void cd_place_entity(const struct cd_place *p, uint64_t i, cd_time_us time, struct cd_buf *b)
{
	unsigned k = 0;
	while (k < CD_KINDS - 1u && i >= cd_demo_kinds[k].count[p->size])
		i -= cd_demo_kinds[k++].count[p->size];
	struct cd_thing t = thing(p, k, i, time, b);
	CD_BUF_LIT(b, "{\"id\":\"");
	cd_thing_put_id(b, k, i);
	cd_buf_printf(b, "\",\"type\":\"%s\"", cd_demo_kinds[k].type);
	cd_demo_kinds[k].stands(&t);
	if (cd_demo_kinds[k].lives)
		cd_demo_kinds[k].lives(&t);
	cd_buf_char(b, '}');
}

bool cd_place_news(const struct cd_place *p, uint64_t i, cd_time_us time, struct cd_buf *b)
{
	unsigned k = p->turn[i % CD_PLACE_CYCLE].kind;
	uint64_t number = i / CD_PLACE_CYCLE * p->turns[k] + p->turn[i % CD_PLACE_CYCLE].nth;
	struct cd_thing t = thing(p, k, number % cd_demo_kinds[k].count[p->size], time, b);
	/* the third air station falls silent after a quarter of an hour */
	if (k == CD_AIR && t.number == 2 && time - p->begun > (cd_time_us)SILENT_AFTER_S * 1000000)
		return false;
	CD_BUF_LIT(b, "{\"id\":\"");
	cd_thing_put_id(b, k, t.number);
	cd_buf_char(b, '"');
	cd_demo_kinds[k].lives(&t);
	cd_buf_char(b, '}');
	return true;
}
