/* ngsild/ask.h -- from the parameters, or the body, of a request to what a query asks for. [CIM
 * 009 6.4.3.2, 5.2.23] */
#ifndef CD_NGSILD_ASK_H
#define CD_NGSILD_ASK_H

#include "ngsild/request.h"
#include "ops/ask.h"

/* Parameters that were not given, or that the route does not have, are left out. CD_E_BAD_REQUEST_DATA */
cd_code cd_ngsi_ask(struct cd_ngsi *, struct cd_ask *ret);
/* The members of a Query. CD_E_BAD_REQUEST_DATA (where: JSON pointer) */
cd_code cd_ngsi_ask_body(struct cd_ngsi *, struct cd_ask *ret);
/* The filter on registered sources is only looked at: there are none that it could narrow.
 * CD_E_BAD_REQUEST_DATA (where: csf) */
cd_code cd_ngsi_check_csf(struct cd_ngsi *, cd_str csf);
/* Form, sysAttrs, media type. CD_E_INVALID_REQUEST */
cd_code cd_ngsi_representation(struct cd_ngsi *, struct cd_out *ret);

#endif
