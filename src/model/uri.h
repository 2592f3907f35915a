/* model/uri.h -- what may be an id, a name, a scope, a language tag. [CIM 009 4.6.2, 4.6.3, 4.18] */
#ifndef CD_MODEL_URI_H
#define CD_MODEL_URI_H

#include "base/str.h"

/* A URI or IRI with a scheme and none of the characters that are no part of one (blanks, <>"{}\^|`, invisible
 * ones). */
bool cd_uri_ok(cd_str);
/* An attribute or type name: letter *(letter | number | "_"), prefix:name, or a full IRI. */
bool cd_name_ok(cd_str);
/* `["/"] Level *("/" Level)`. */
bool cd_scope_ok(cd_str);
/* A language tag: letters and digits in parts of 1 to 8, joined by -, the first one letters; or @none. [RFC
 * 5646 2.1] */
bool cd_language_ok(cd_str);

#endif
