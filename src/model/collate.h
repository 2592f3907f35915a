/*
 * model/collate.h -- the order of strings as people expect it: ICU, loaded when it is first needed. [CIM
 * 009 4.23; UTS #10; RFC 6067]
 */
#ifndef CD_MODEL_COLLATE_H
#define CD_MODEL_COLLATE_H

#include "base/buf.h"
#include "base/cx.h"

struct cd_collator;

/* `tag` is a language tag with collation keywords ("de-u-co-phonebk"); n == 0: root order.
 * CD_E_BAD_REQUEST_DATA it is no such tag (where: "collation") */
cd_code cd_collator_new(struct cd_cx *, cd_str tag, struct cd_collator **ret);
void cd_collator_free(struct cd_collator *); /* NULL is fine */
/* Bytes whose memcmp order is the order of the strings, ended by a zero, none before. */
void cd_collator_key(struct cd_collator *, cd_str utf8, struct cd_buf *out);

#endif
