/* `options` and `format`: one table of keywords, whichever of the two names them. [CIM 009 6.3.7]
 */
#include "ngsild/params.h"
#include "ngsild/request.h"

static const struct {
	cd_str word;
	uint32_t bit;
} words[] = {
	{CD_STR_INIT("normalized"), CD_OPT_NORMALIZED},
	{CD_STR_INIT("concise"), CD_OPT_CONCISE},
	{CD_STR_INIT("simplified"), CD_OPT_SIMPLIFIED},
	{CD_STR_INIT("keyValues"), CD_OPT_SIMPLIFIED},
	{CD_STR_INIT("sysAttrs"), CD_OPT_SYS_ATTRS},
	{CD_STR_INIT("noOverwrite"), CD_OPT_NO_OVERWRITE},
	{CD_STR_INIT("replace"), CD_OPT_REPLACE},
	{CD_STR_INIT("update"), CD_OPT_UPDATE},
};

static uint32_t word_bit(cd_str word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (cd_str_eq(words[i].word, word))
			return words[i].bit;
	return 0;
}

cd_code cd_ngsi_options(struct cd_ngsi *n, uint32_t allowed, uint32_t *ret)
{
	cd_str rest = n->args->text[P_OPTIONS];
	uint32_t bits = 0;
	while (rest.p) {
		cd_str word = cd_str_cut(&rest, ',');
		uint32_t bit = word_bit(word);
		if (!(bit & allowed))
			return cd_fail(n->cx, CD_E_INVALID_REQUEST, "options",
				"\"" CD_STR_FMT "\" does not apply to this operation", CD_STR_ARG(word));
		bits |= bit;
	}
	if ((bits & CD_OPT_REPLACE) && (bits & CD_OPT_UPDATE))
		return cd_fail(
			n->cx, CD_E_INVALID_REQUEST, "options", "replace and update exclude each other");
	*ret = bits;
	return CD_OK;
}

enum cd_form cd_ngsi_form(const struct cd_ngsi *n, uint32_t options)
{
	uint32_t form =
		n->args->text[P_FORMAT].n ? word_bit(n->args->text[P_FORMAT]) : options & CD_OPT_FORMS;
	return form & CD_OPT_SIMPLIFIED ? CD_SIMPLIFIED : form & CD_OPT_CONCISE ? CD_CONCISE : CD_NORMALIZED;
}
