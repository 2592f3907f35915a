#include "base/err.h"

static const struct {
	cd_str type;
	int status;
	const char *title;
} errors[CD_ERROR_N] = {[CD_OK] = {CD_STR_INIT("OK"), 200, "OK"},
#define X(id, type, status, title) [CD_E_##id] = {CD_STR_INIT(type), status, title},
	CD_ERRORS(X)
#undef X
};

cd_str cd_code_type(cd_code code)
{
	return errors[code].type;
}

int cd_code_status(cd_code code)
{
	return errors[code].status;
}

const char *cd_code_title(cd_code code)
{
	return errors[code].title;
}
