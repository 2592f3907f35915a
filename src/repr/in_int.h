/* repr/in_int.h -- the work in progress of cd_repr_in; for in.c, in_attr.c and in_value.c. */
#ifndef CD_REPR_IN_INT_H
#define CD_REPR_IN_INT_H

#include "repr/repr.h"

struct cd_local { /* a name without a number */
	uint64_t hash;
	cd_str iri;
};
struct cd_read {
	struct cd_cx *cx;
	const struct cd_in *in;
	struct cd_local *locals;
	uint32_t locals_n, locals_cap;
	uint32_t nodes; /* attribute instances so far */
	unsigned depth;
};

/* CD_E_BAD_REQUEST_DATA at that node. Always returns its code. */
cd_code cd_read_bad(struct cd_read *, const struct cd_json *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The number of a name, or of its IRI among the fragment's own names. */
cd_code cd_read_term(struct cd_read *, const struct cd_json *at, cd_str name, cd_term *ret);
/* It is none that the core context has for a member of entities or attributes. CD_E_BAD_REQUEST_DATA */
cd_code cd_read_no_member(struct cd_read *, const struct cd_json *at, cd_term);
cd_term cd_read_local(struct cd_read *, cd_str iri); /* 0: out of memory */
cd_str cd_read_iri(const struct cd_read *, cd_term); /* of a number, or of a name of the fragment's own */
bool cd_read_takes_null(const struct cd_read *);     /* may the NGSI-LD null stand for an attribute? */
bool cd_read_merges(const struct cd_read *);         /* also inside of compound values? */
cd_code cd_read_stamp(struct cd_read *, const struct cd_json *, cd_stamp *ret);

/* in_attr.c: one attribute under its name: an instance, several, or a bare value. Appends to the list at *at.
 */
cd_code cd_read_attr(struct cd_read *, const struct cd_json *, cd_term, bool top, struct cd_loose ***at);
/* The inside of one attribute (Partial update, Replace attribute). */
cd_code cd_read_instance(struct cd_read *, const struct cd_json *, cd_term, bool top, struct cd_loose ***at);
/* A kind by its type name or by its value member; CD_KIND_NONE when none. */
enum cd_kind cd_read_kind_of_type(cd_str);
enum cd_kind cd_read_kind_of_member(cd_str);

/* in_value.c: the value of a kind into the node. */
cd_code cd_read_value(struct cd_read *, struct cd_loose *, const struct cd_json *);
/* A bare value of the simplified form, whose kind the stored attribute decides. */
cd_code cd_read_bare(struct cd_read *, struct cd_loose *, const struct cd_json *);
/* Names expanded in vocabulary position: a string or an array of strings, as JSON text. */
cd_code cd_read_vocab(struct cd_read *, const struct cd_json *, cd_str *ret);
cd_code cd_read_text(
	struct cd_read *, const struct cd_json *, cd_str *ret); /* compact JSON text, in the arena */

#endif
