int apus_placeholder(void);
