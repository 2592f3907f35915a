#include "intake/letters.h"

#include "json/json.h"

#include <stdint.h>

/* U+00C0 to U+017F in plain letters, two bytes each, a blank for none. */
static const char plain[] = "A A A A AeA AeC E E E E I I I I D N O O O O Oe  O U U U UeY Thss"
			    "a a a a aea aec e e e e i i i i d n o o o o oe  o u u u uey thy "
			    "A a A a A a C c C c C c C c D d D d E e E e E e E e E e G g G g "
			    "G g G g H h H h I i I i I i I i I i IjijJ j K k k L l L l L l L "
			    "l L l N n N n N n n N n O o O o O o OeoeR r R r R r S s S s S s "
			    "S s T t T t T t U u U u U u U u U u U u W w Y y Y Z z Z z Z z s ";

cd_str cd_plain_letters(cd_str *rest)
{
	cd_str from = *rest;
	uint32_t u = cd_utf8_next(rest);
	if (u < 128) {
		bool keep = (u >= '0' && u <= '9') || ((u | 32) >= 'a' && (u | 32) <= 'z');
		return cd_str_of(from.p, keep);
	}
	if (u < 0xC0 || u >= 0x180)
		return CD_STR("");
	const char *p = plain + 2 * (u - 0xC0);
	return cd_str_of(p, p[0] == ' ' ? 0 : p[1] == ' ' ? 1 : 2);
}
