"""Types that several interface classes share, in the type notation of the object model (Blue Book, class tables)."""

from __future__ import annotations

_NUMBERS = "integer,long,unsigned,long-unsigned,long64,long64-unsigned,float32,float64"

REGISTER_VALUE = (
    f"choice{{null-data,bit-string,double-long,double-long-unsigned,octet-string,visible-string,utf8-string,{_NUMBERS}}}"
)
"""value of Register and Extended register."""

AVERAGE_VALUE = f"choice{{null-data,double-long,double-long-unsigned,octet-string,visible-string,utf8-string,{_NUMBERS}}}"
"""current_average_value and last_average_value of Demand register."""

STATUS = (
    "choice{null-data,bit-string,double-long-unsigned,octet-string,visible-string,utf8-string,"
    "unsigned,long-unsigned,long64-unsigned}"
)
"""status of Extended register and Demand register."""

SCALER_UNIT = "structure{scaler:integer,unit:enum}"
NO_SCALER_UNIT = (0, 255)
"""A value that is a count, without unit."""

DATE_TIME = "octet-string(date-time)"

CAPTURE_OBJECT = "structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer,data_index:long-unsigned}"
OBJECT_DEFINITION = "structure{class_id:long-unsigned,logical_name:logical-name}"
VALUE_DEFINITION = "structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer}"
SCRIPT_REFERENCE = "structure{script_logical_name:logical-name,script_selector:long-unsigned}"

BAUD_RATE = "enum{0=300,1=600,2=1200,3=2400,4=4800,5=9600,6=19200,7=38400,8=57600,9=115200}"

RESTRICTION = (
    "restriction:structure{restriction_type:enum{0=none,1=by_date,2=by_entry},restriction_value:choice{null-data,"
    "structure{from_date:octet-string(date),to_date:octet-string(date)},"
    "structure{from_entry:double-long-unsigned,to_entry:double-long-unsigned}}}"
)
_KEY_INFO = (
    "structure{key_info_type:enum{0=identified_key,1=wrapped_key,2=agreed_key},key_info_options:"
    "choice{enum{0=global_unicast_encryption_key,1=global_broadcast_encryption_key},"
    "structure{kek_id:enum{0=master_key},key_ciphered_data:octet-string},"
    "structure{key_parameters:octet-string,key_ciphered_data:octet-string}}}"
)
PROTECTION = (
    "structure{protection_type:enum{0=authentication,1=encryption,2=authentication_and_encryption,3=digital_signature},"
    "protection_options:structure{transaction_id:octet-string,originator_system_title:octet-string,"
    f"recipient_system_title:octet-string,other_information:octet-string,key_info:{_KEY_INFO}}}}}"
)
"""One element of protection parameters, of Push setup and Data protection."""
