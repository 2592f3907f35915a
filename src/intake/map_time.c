/* Times of the data as instants: the form says how they are written, the zone what they mean. */
#include "intake/mapping_int.h"

enum cd_time_read cd_time_form_read(struct cd_time_form *f, cd_str text, cd_stamp *ret)
{
	struct cd_moment m;
	*ret = CD_STAMP_NONE;
	if (!cd_moment_read(&f->form, cd_str_trim(text), &m))
		return CD_TIME_WRONG;
	if (m.offset) {
		*ret = cd_stamp_of(m.local_us - m.offset_us, m.digits);
		return CD_TIME_OK;
	}
	struct cd_zone_instants at = cd_zone_instants(f->zone, m.local_us);
	int64_t us = at.us[0];
	if (at.n == 2)
		us = at.us[f->twice == CD_DOUBLE_SECOND ||
			   (f->twice == CD_DOUBLE_ORDER && f->last_us >= at.us[0])];
	if (at.n == 0 && f->gap == CD_GAP_AFTER) {
		/* by the clock behind the jump: an hour's worth of clock earlier */
		struct cd_zone_instants later =
			cd_zone_instants(f->zone, m.local_us + 86400 * (int64_t)1000000);
		us = later.n ? later.us[0] - 86400 * (int64_t)1000000 : us;
	}
	bool skip = (at.n == 0 && f->gap == CD_GAP_SKIP) || (at.n == 2 && f->twice == CD_DOUBLE_SKIP);
	if (!skip) {
		*ret = cd_stamp_of(us, m.digits);
		f->last_us = us;
	}
	return at.n == 1 ? CD_TIME_OK : at.n == 0 ? CD_TIME_GAP : CD_TIME_DOUBLE;
}

bool cd_map_time(struct cd_map_state *s, struct cd_time_form *f, cd_str text, cd_stamp *ret)
{
	switch (cd_time_form_read(f, text, ret)) {
	case CD_TIME_OK:
		break;
	case CD_TIME_WRONG:
		cd_map_fault(s, "time", "\"" CD_STR_FMT "\" is no time of the form that is expected",
			CD_STR_ARG(text));
		break;
	case CD_TIME_GAP:
		cd_map_fault(s, "time-gap", "The clocks jumped over " CD_STR_FMT, CD_STR_ARG(text));
		break;
	case CD_TIME_DOUBLE:
		cd_map_fault(s, "time-double", "The clocks showed " CD_STR_FMT " twice", CD_STR_ARG(text));
		break;
	}
	return *ret != CD_STAMP_NONE;
}
