/* A line with a form, then texts to read in it: any form may be refused, what is read lies in the years it
 * can be of. */
#include "intake/moment.h"
#include "intake/zone.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define S ((int64_t)1000000)

static void check(struct cd_zone *zone, const struct cd_moment *m)
{
	if (m->local_us < -62200000000 * S || m->local_us > 253500000000 * S || m->digits > 6 ||
		m->offset_us <= -86400 * S || m->offset_us >= 86400 * S || (!m->offset && m->offset_us))
		abort();
	struct cd_zone_instants at = cd_zone_instants(zone, m->local_us);
	if (at.n > 2 || (at.n == 2 && at.us[0] >= at.us[1]))
		abort();
	for (unsigned i = 0; i < at.n; i++)
		if (llabs(m->local_us - at.us[i]) > 86400 * S)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cd_settings set;
	static struct cd_arena zones;
	static struct cd_zone *zone;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_moment_form form;
	struct cd_moment moment;
	if (!zone) {
		cd_settings_init(&set);
		cd_arena_init(&zones, 1 << 20);
		cd_cx_init(&cx, &zones, &set);
		if (cd_zone_open(&cx, NULL, CD_STR("Europe/Berlin"), &zone))
			abort();
	}
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &set);
	cd_str rest = cd_str_of((const char *)data, size), text = cd_str_cut(&rest, '\n');
	if (!cd_moment_form(&cx, NULL, text, &form))
		while (rest.n) {
			text = cd_str_cut(&rest, '\n');
			if (cd_moment_read(&form, text, &moment))
				check(zone, &moment);
		}
	cd_arena_done(&arena);
	return 0;
}
