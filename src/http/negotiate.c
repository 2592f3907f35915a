/* Content negotiation. [RFC 9110 12.4.2, 12.5.1] */
#include "http/negotiate.h"

/* Weight in thousandths; one that can not be read is ignored, which is 1. */
static int weight(cd_str q)
{
	if (q.n == 0 || q.n > 5 || (q.p[0] != '0' && q.p[0] != '1') || (q.n > 1 && q.p[1] != '.'))
		return 1000;
	int v = (q.p[0] - '0') * 1000, unit = 100;
	for (size_t i = 2; i < q.n; i++, unit /= 10) {
		if (q.p[i] < '0' || q.p[i] > '9')
			return 1000;
		v += (q.p[i] - '0') * unit;
	}
	return v > 1000 ? 1000 : v;
}

/* 3: the very type, 2: type/\*, 1: *\/\*, 0: does not match. */
static int specificity(cd_str range, cd_str offer)
{
	if (cd_str_eq_nocase(range, offer))
		return 3;
	size_t slash = cd_str_find(offer, '/');
	if (cd_str_eq(range, CD_STR("*/*")))
		return 1;
	return range.n == slash + 2 && range.p[range.n - 1] == '*' &&
			       cd_str_eq_nocase(cd_str_of(range.p, slash + 1), cd_str_of(offer.p, slash + 1))
		       ? 2
		       : 0;
}

/* The weight that a header gives an offer: that of the most specific range. -1: none matches. */
static int weight_of(const struct cd_http_req *req, cd_str offer)
{
	int best = 0, result = -1;
	cd_str field;
	for (size_t i = 0; (field = cd_http_field_nth(req, CD_STR("accept"), i)).p; i++) {
		while (field.p) {
			cd_str item = cd_str_cut(&field, ','), range = cd_str_trim(cd_str_cut(&item, ';'));
			int q = 1000, s = specificity(range, offer);
			while (item.p) {
				cd_str param = cd_str_trim(cd_str_cut(&item, ';'));
				if (param.n > 2 && (param.p[0] | 32) == 'q' && param.p[1] == '=')
					q = weight(cd_str_trim(cd_str_skip(param, 2)));
			}
			if (s > best) {
				best = s;
				result = q;
			}
		}
	}
	return result;
}

/* A field of nothing but blanks and commas names no range: as if it were not there. */
static bool names_a_range(const struct cd_http_req *req)
{
	cd_str field;
	for (size_t i = 0; (field = cd_http_field_nth(req, CD_STR("accept"), i)).p; i++)
		while (field.p)
			if (cd_str_trim(cd_str_cut(&field, ',')).n)
				return true;
	return false;
}

int cd_negotiate(const struct cd_http_req *req, const cd_str *offers, size_t n, uint32_t allowed)
{
	int best = -1, best_weight = 0;
	bool any = !names_a_range(req);
	for (size_t i = 0; i < n; i++) {
		if (!(allowed >> i & 1))
			continue;
		int w = any ? 1000 : weight_of(req, offers[i]);
		if (w > best_weight) {
			best = (int)i;
			best_weight = w;
		}
	}
	return best;
}

bool cd_media_is(cd_str value, cd_str media)
{
	return cd_str_eq_nocase(cd_str_trim(cd_str_cut(&value, ';')), media);
}

bool cd_accepts_coding(const struct cd_http_req *req, cd_str coding)
{
	cd_str field = cd_http_field(req, CD_STR("accept-encoding"));
	bool any = false;
	while (field.p) {
		cd_str item = cd_str_cut(&field, ','), name = cd_str_trim(cd_str_cut(&item, ';'));
		cd_str param = item.p ? cd_str_trim(item) : CD_STR("");
		bool off = param.n > 2 && (param.p[0] | 32) == 'q' && weight(cd_str_skip(param, 2)) == 0;
		if (cd_str_eq_nocase(name, coding))
			return !off;
		if (cd_str_eq(name, CD_STR("*")))
			any = !off;
	}
	return any;
}
